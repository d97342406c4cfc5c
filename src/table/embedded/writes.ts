/** One item's write inside a commit: the item, its index entries, its expiry and its feed record, and what that costs. */
import { type IndexChange, indexWriteUnits, tableWriteUnits } from '../capacity.ts';
import { holds } from '../conditions.ts';
import { TableError } from '../errors.ts';
import { checkKeyValue, PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../limits.ts';
import type { Condition, Item, Key } from '../port.ts';
import type { TableSchema } from '../schema.ts';
import { equalValues } from '../values.ts';
import { type Codec, type Stored, sameBytes, storedItem } from './codec.ts';
import type { Session } from './committer.ts';
import { appendRecord, type FeedSession } from './feed.ts';
import { expiryKey, indexKey, itemKey } from './keys.ts';
import type { KvKey } from './kv.ts';
import type { PartitionEnds } from './partition-ends.ts';
import { partitionName } from './reads.ts';

export interface WriteSession extends Session {
  readonly codec: Codec;
  /** Undefined for a table without a stream. */
  readonly feed: FeedSession | undefined;
  /** The partitions, of the table and of its indexes, in which something changed, as `reads.ts` names them. */
  readonly changed: Set<string>;
  /** Undefined while others may write. */
  readonly ends: PartitionEnds | undefined;
}

/** An item as it stands before or after a write, decoded at most once and only when somebody looks. */
interface Image {
  readonly stored: Stored;
  readonly item: () => Item;
}

const storedImage = ({ codec, writer }: WriteSession, stored: Stored | undefined): Image | undefined => {
  if (stored === undefined) return undefined;
  let item: Item | undefined;
  return {
    stored,
    item: () => {
      item ??= codec.decode(writer, stored);
      return item;
    },
  };
};

/** Refuses an attribute that is an index's key but could not be one, as DynamoDB does; an absent one only keeps the item out. */
export const checkIndexKeys = (schema: TableSchema, item: Item): void => {
  for (const { partitionKey, sortKey } of Object.values(schema.indexes)) {
    if (item[partitionKey] !== undefined) checkKeyValue(partitionKey, item[partitionKey], PARTITION_KEY_BYTES_MAX);
    if (item[sortKey] !== undefined) checkKeyValue(sortKey, item[sortKey], SORT_KEY_BYTES_MAX);
  }
};

type Index = TableSchema['indexes'][string];

interface IndexEntry {
  readonly key: KvKey;
  readonly partition: string;
}

const entryOf = (name: string, index: Index, image: Image | undefined): IndexEntry | undefined => {
  if (image === undefined) return undefined;
  const item = image.item();
  const partition = item[index.partitionKey];
  const sort = item[index.sortKey];
  if (typeof partition !== 'string' || typeof sort !== 'string') return undefined;
  return { key: indexKey(name, partition, sort, item), partition };
};

const writeIndexes = (
  { writer, changed }: WriteSession,
  schema: TableSchema,
  before: Image | undefined,
  after: Image | undefined,
  unchanged: boolean,
): number => {
  let units = 0;
  for (const name in schema.indexes) {
    const index = schema.indexes[name];
    if (index === undefined) continue;
    const old = entryOf(name, index, before);
    const entry = entryOf(name, index, after);
    const sameKey = old !== undefined && entry !== undefined && old.key === entry.key;
    if (old !== undefined && !sameKey) {
      writer.delete('index', old.key);
      changed.add(partitionName(name, old.partition));
    }
    if (entry !== undefined && after !== undefined && !(sameKey && unchanged)) {
      writer.put('index', entry.key, after.stored.bytes);
      changed.add(partitionName(name, entry.partition));
    }
    const change: IndexChange = {
      bytesBefore: old === undefined ? 0 : (before?.stored.size ?? 0),
      bytesAfter: entry === undefined ? 0 : (after?.stored.size ?? 0),
      sameKey,
      unchanged,
    };
    units += indexWriteUnits(change);
  }
  return units;
};

/** The time an item expires, in whole seconds, or undefined when it does not. */
const expiryOf = (attribute: string, image: Image | undefined): number | undefined => {
  const seconds = image?.item()[attribute];
  return typeof seconds === 'number' && seconds > 0 && seconds <= Number.MAX_SAFE_INTEGER
    ? Math.floor(seconds)
    : undefined;
};

const writeExpiry = (
  { writer, codec }: WriteSession,
  attribute: string,
  key: Key,
  before: Image | undefined,
  after: Image | undefined,
): void => {
  const old = expiryOf(attribute, before);
  const due = expiryOf(attribute, after);
  if (old === due) return;
  if (old !== undefined) writer.delete('expiry', expiryKey(old, key));
  if (due !== undefined)
    writer.put('expiry', expiryKey(due, key), codec.encode(writer, { pk: key.pk, sk: key.sk }, 0).bytes);
};

const isUnchanged = (before: Image | undefined, after: Image | undefined): boolean => {
  if (before === undefined || after === undefined) return before === after;
  if (before.stored.size !== after.stored.size) return false;
  return sameBytes(before.stored, after.stored) || equalValues(before.item(), after.item());
};

/** The new item and its size, or undefined for a deletion; told what stands there now. Throws `invalid` to refuse. */
export type Decide = (before: Item | undefined) => { readonly item: Item; readonly size: number } | undefined;

export interface WriteRequest {
  readonly key: Key;
  readonly condition: Condition | undefined;
  /** `decide` looks at what stands there: then it is worth decoding. */
  readonly needsBefore: boolean;
  readonly decide: Decide;
}

/** Carries out one write, whole or, by throwing before anything is written, not at all. Returns the write units. */
export const writeItem = (session: WriteSession, schema: TableSchema, request: WriteRequest): number => {
  const { key, condition } = request;
  const place = itemKey(key);
  const stands = session.ends?.isPast(key.pk, place) === true ? undefined : session.writer.get('items', place);
  const before = storedImage(session, storedItem(stands));
  if (condition !== undefined && !holds(condition, before?.item())) {
    throw new TableError('condition_failed', 'the condition does not hold of the stored item', {
      item: before?.item(),
    });
  }
  const decided = request.decide(request.needsBefore ? before?.item() : undefined);
  const after: Image | undefined =
    decided === undefined
      ? undefined
      : { stored: session.codec.encode(session.writer, decided.item, decided.size), item: () => decided.item };
  const unchanged = isUnchanged(before, after);
  if (!unchanged) {
    if (after === undefined) session.writer.delete('items', place);
    else session.writer.put('items', place, after.stored.bytes);
    if (before === undefined) session.ends?.added(session.writer, session.codec, key.pk, place);
    session.changed.add(partitionName(undefined, key.pk));
    if (schema.ttl !== undefined) writeExpiry(session, schema.ttl, key, before, after);
    if (session.feed !== undefined) {
      appendRecord(session.writer, session.codec, session.feed, key, before?.stored, after);
    }
  }
  return (
    tableWriteUnits(before?.stored.size ?? 0, after?.stored.size ?? 0) +
    writeIndexes(session, schema, before, after, unchanged)
  );
};
