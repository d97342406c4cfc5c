/**
 * The embedded table: DynamoDB's model over an ordered key-value store, in process. Items, index, feed and expiry change in
 * one transaction; writes of many callers share a commit. The same code runs on LMDB and on memory.
 */
import { readUnits } from '../capacity.ts';
import { applyChanges, checkChanges } from '../changes.ts';
import { checkCondition } from '../conditions.ts';
import { TableError } from '../errors.ts';
import { checkBatchGet, checkBatchWrite, checkItem, checkKey, checkLimit } from '../limits.ts';
import type {
  BatchWrite,
  CallOptions,
  Capacity,
  FreshRecords,
  Item,
  Key,
  QueryResult,
  ScannableTable,
  UpdateRequest,
} from '../port.ts';
import { queryShape } from '../query-shape.ts';
import type { TableSchema } from '../schema.ts';
import { isFlat } from '../values.ts';
import { createCodec, type Stored, storedItem, storedOf } from './codec.ts';
import { createCommitter } from './committer.ts';
import {
  beginFeed,
  EMBEDDED_SHARD,
  endFeed,
  freshRecords,
  notLooked,
  type ReadAfter,
  readAfterAt,
  readFeed,
} from './feed.ts';
import { expiryRange, itemKey, scanRange } from './keys.ts';
import { HAND_OVERS_MAX, type Kv, type KvReader } from './kv.ts';
import { createPartitionEnds } from './partition-ends.ts';
import { keyOf, partitionName, queryName, readPage, runQuery } from './reads.ts';
import { createRecall } from './recall.ts';
import { checkIndexKeys, type WriteRequest, type WriteSession, writeItem } from './writes.ts';

/** Expired items deleted in one step: a commit of a few milliseconds. */
const EXPIRED_PER_STEP = 100;

export interface EmbeddedTableOptions {
  readonly schema: TableSchema;
  readonly name: string;
  /** Milliseconds since the epoch: stamps the feed's records, trims them, and tells what has expired. */
  readonly now: () => number;
}

export interface EmbeddedTable extends ScannableTable {
  /**
   * Deletes up to 100 items whose time is over, and resolves to how many; call again soon when it was not 0, and
   * otherwise after a minute or so. As with DynamoDB, readers see expired items until then.
   */
  deleteExpired(): Promise<number>;
}

const units = (read: number, write: number): Capacity => ({ read, write });

const written = (cost: number): { readonly capacity: Capacity } => ({ capacity: units(0, cost) });

const answer = ({ items, next, capacity }: QueryResult): QueryResult =>
  next === undefined ? { items, capacity } : { items, next, capacity };

const storedAt = (reader: KvReader, key: Key): Stored | undefined => storedItem(reader.get('items', itemKey(key)));

/** Over any key-value store that keeps the promises of `Kv`; the table closes it. */
export const createEmbeddedTable = (kv: Kv, { schema, name, now }: EmbeddedTableOptions): EmbeddedTable => {
  const listeners = new Set<(fresh: FreshRecords) => void>();
  const codec = createCodec();
  let trim = notLooked;
  const recall = createRecall();
  const ends = createPartitionEnds();
  let aloneSince: number | undefined;
  const readAfter: ReadAfter = (place) => kv.read((reader) => readAfterAt({ reader, codec }, place));

  /** Whether nobody else can write. What is remembered is of one such time, and is forgotten when it is over. */
  const isAlone = (): boolean => {
    const since = kv.aloneSince;
    if (since === undefined) return false;
    if (since !== aloneSince) {
      recall.clear();
      ends.clear();
      aloneSince = since;
    }
    return true;
  };

  const committer = createCommitter<WriteSession>({
    kv,
    begin: (writer) => ({
      writer,
      codec,
      feed: schema.stream ? beginFeed(writer, now(), trim, readAfter) : undefined,
      changed: new Set<string>(),
      ends: isAlone() ? ends : undefined,
    }),
    end: ({ writer, feed }) => {
      if (feed !== undefined) endFeed(writer, feed);
    },
    aborted: () => {
      codec.forget();
      // An end may have been found where it is only without what this commit deleted.
      ends.clear();
    },
    committed: ({ feed, changed }) => {
      for (const partition of changed) recall.changed(partition);
      trim = feed?.trim ?? notLooked;
      if (feed === undefined || feed.next === feed.first) return;
      const fresh = freshRecords(feed);
      for (const listener of listeners) listener(fresh);
    },
  });

  /** Reads what the store holds now, whoever comes to own it meanwhile. */
  const read = async <T>(step: (reader: KvReader) => T): Promise<T> => {
    for (let handOvers = 0; ; handOvers += 1) {
      if (kv.unsettled !== undefined) await kv.unsettled;
      try {
        return kv.read(step);
      } catch (error) {
        if (kv.unsettled === undefined || handOvers >= HAND_OVERS_MAX) throw error;
      }
    }
  };

  const inTime = (call: CallOptions | undefined): void => {
    if (call?.deadline !== undefined && now() > call.deadline) {
      throw new TableError('unavailable', 'the deadline passed before the table came to it');
    }
  };

  /** `answer` makes the write's answer of its write units, once it is in its commit. */
  const write = <T>(request: WriteRequest, call: CallOptions | undefined, answer: (cost: number) => T): Promise<T> => {
    if (request.condition !== undefined) checkCondition(request.condition);
    return committer.submit((session) => {
      inTime(call);
      return answer(writeItem(session, schema, request));
    });
  };

  const putRequest = (item: Item, condition: WriteRequest['condition']): WriteRequest => {
    const size = checkItem(item);
    checkIndexKeys(schema, item);
    return { key: keyOf(item), condition, needsBefore: false, decide: () => ({ item, size }) };
  };

  const deleteRequest = (key: Key, condition: WriteRequest['condition']): WriteRequest => {
    checkKey(key);
    return { key: keyOf(key), condition, needsBefore: false, decide: () => undefined };
  };

  const updated = ({ key, changes }: UpdateRequest, before: Item | undefined): { item: Item; size: number } => {
    const item = applyChanges(key, before, changes);
    const size = checkItem(item);
    checkIndexKeys(schema, item);
    return { item, size };
  };

  return {
    name,

    async get({ key, consistent = false }, call) {
      inTime(call);
      checkKey(key);
      return read((reader) => {
        const stored = storedAt(reader, key);
        return {
          item: stored === undefined ? undefined : codec.decode(reader, stored),
          capacity: units(readUnits(stored?.size ?? 0, consistent), 0),
        };
      });
    },

    put({ item, condition }, call) {
      try {
        return write(putRequest(item, condition), call, written);
      } catch (error) {
        return Promise.reject(error);
      }
    },

    async update(request, call) {
      checkKey(request.key);
      checkChanges(request.changes);
      let item: Item = keyOf(request.key);
      const decide = (before: Item | undefined): { item: Item; size: number } => {
        const after = updated(request, before);
        item = after.item;
        return after;
      };
      const { key, condition } = request;
      return await write({ key: keyOf(key), condition, needsBefore: true, decide }, call, (cost) => ({
        item: isFlat(item) ? item : structuredClone(item),
        capacity: units(0, cost),
      }));
    },

    async delete({ key, condition }, call) {
      return await write(deleteRequest(key, condition), call, written);
    },

    async query(request, call) {
      inTime(call);
      const shape = queryShape(schema, request);
      if (kv.unsettled !== undefined) await kv.unsettled;
      const run = (reader: KvReader) => runQuery({ reader, codec }, shape, request);
      if (!isAlone()) return answer(await read(run));
      const partition = partitionName(shape.index, shape.partition);
      const name = queryName(shape, request);
      const known = recall.get(partition, name);
      if (known !== undefined) return known;
      const page = kv.read(run);
      const result = answer(page);
      recall.keep(partition, name, result, page.bytes);
      return result;
    },

    async batchGet(keys, consistent = false, call) {
      inTime(call);
      checkBatchGet(keys);
      return read((reader) => {
        const found = keys.map((key) => storedAt(reader, key));
        return {
          items: found.flatMap((stored) => (stored === undefined ? [] : [codec.decode(reader, stored)])),
          capacity: units(
            found.reduce((sum, stored) => sum + readUnits(stored?.size ?? 0, consistent), 0),
            0,
          ),
        };
      });
    },

    async batchWrite(writes: readonly BatchWrite[], call) {
      checkBatchWrite(writes);
      const requests = writes.map((each) =>
        'put' in each ? putRequest(each.put, undefined) : deleteRequest(each.delete, undefined),
      );
      const costs = await Promise.all(requests.map((request) => write(request, call, (cost) => cost)));
      return written(costs.reduce((sum, cost) => sum + cost, 0));
    },

    async scan({ limit, start }, call) {
      inTime(call);
      checkLimit(limit);
      if (start !== undefined) checkKey(start);
      const options = { limit, consistent: false, positionOf: keyOf };
      return answer(await read((reader) => readPage({ reader, codec }, 'items', scanRange(start), options)));
    },

    async deleteExpired() {
      const ttl = schema.ttl;
      if (ttl === undefined) return 0;
      const nowSeconds = Math.floor(now() / 1_000);
      const due = await read((reader) => {
        const keys: Key[] = [];
        for (const value of reader.range('expiry', expiryRange(nowSeconds))) {
          keys.push(codec.decode(reader, storedOf(value)));
          if (keys.length >= EXPIRED_PER_STEP) break;
        }
        return keys;
      });
      // Somebody may have given an item a longer life in the meantime.
      const stillDue = { attribute: ttl, is: '<', value: nowSeconds } as const;
      const done = await Promise.allSettled(due.map((key) => write(deleteRequest(key, stillDue), undefined, written)));
      return done.filter((result) => result.status === 'fulfilled').length;
    },

    feed: {
      async shards() {
        return schema.stream ? [{ id: EMBEDDED_SHARD }] : [];
      },
      async read(shard, start, limit, call) {
        inTime(call);
        if (!schema.stream || shard !== EMBEDDED_SHARD)
          throw new TableError('invalid', `the feed has no shard ${shard}`);
        return read((reader) => readFeed({ reader, codec, readAfter, now: now() }, start, limit));
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },

    async close() {
      await committer.close();
      await kv.close();
    },
  };
};
