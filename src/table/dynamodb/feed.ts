/**
 * The change feed over DynamoDB Streams: shards discovered parents first, records read by short-lived iterators that are
 * kept per shard and made anew from the position whenever they have expired.
 *
 * A position is the sequence number of the last record returned. Before there is one it says where reading began: `0`, at
 * the oldest record, or `@` and a time, with what came after it.
 */
import { TableError } from '../errors.ts';
import type { CallOptions, ChangeFeed, ChangeRecord, FeedPage, FeedShard, FeedStart } from '../port.ts';
import { equalValues } from '../values.ts';
import { type Caller, ServiceFault } from './caller.ts';
import { parentsFirst } from './shards.ts';
import { changeOf, type StreamRecord } from './stream-record.ts';
import type { JsonObject } from './transport.ts';

/** DynamoDB's own limit of GetRecords. */
const recordsMax = 1_000;
/** DescribeStream answers 100 shards a page; a stream keeps the shards of 24 hours, so this is 10,000 of them. */
const shardPagesMax = 100;
/** Iterators kept: one a shard, for more shards than one process should read. */
const iteratorsMax = 1_000;
/** An iterator that has just been made may be refused (expired, trimmed) once each; more often is a fault. */
const iteratorTriesMax = 3;
/** Stream times are whole seconds of another clock; records this long before the moment asked for are given as well. */
const clockMarginMs = 60_000;

const oldest = '0';

interface ShardDescription {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

/** DynamoDB makes no record of a write that changes nothing; some servers that speak its protocol do. */
const isChange = (record: ChangeRecord): boolean => {
  if (record.kind !== 'modify') return true;
  try {
    const { before, after } = record;
    return before === undefined || after === undefined || !equalValues(before, after);
  } catch {
    // Unreadable: it is for whoever needs it to find that out, not for the page that it stands in.
    return true;
  }
};

const faultName = (error: unknown): string | undefined =>
  error instanceof TableError && error.cause instanceof ServiceFault ? error.cause.name : undefined;

export interface StreamFeed extends ChangeFeed {
  /** The adapter's own hint: a write of this process was acknowledged. Listeners run after the caller has its answer. */
  changed(): void;
}

/** @param caller answers for the table, `streams` for its stream: two endpoints on AWS. */
export const createStreamFeed = (options: {
  readonly table: string;
  readonly caller: Caller;
  readonly streams: Caller;
  readonly now: () => number;
}): StreamFeed => {
  const { table, caller, streams, now } = options;
  const listeners = new Set<() => void>();
  const iterators = new Map<string, { readonly position: string; readonly iterator: string }>();
  let knownArn: string | undefined;

  const ask = (operation: string, input: object, call: CallOptions | undefined): Promise<JsonObject> =>
    streams.call({ target: `DynamoDBStreams_20120810.${operation}`, effect: 'read', input, deadline: call?.deadline });

  const streamArn = async (call: CallOptions | undefined): Promise<string> => {
    if (knownArn !== undefined) return knownArn;
    const target = 'DynamoDB_20120810.DescribeTable';
    const body = await caller.call({ target, effect: 'read', input: { TableName: table }, deadline: call?.deadline });
    const arn = (body.Table as { readonly LatestStreamArn?: string } | undefined)?.LatestStreamArn;
    if (arn === undefined) throw new TableError('invalid', `the table ${table} has no stream`);
    knownArn = arn;
    return arn;
  };

  const describe = async (call: CallOptions | undefined): Promise<ShardDescription[]> => {
    const found: ShardDescription[] = [];
    let last: string | undefined;
    for (let page = 0; page < shardPagesMax; page += 1) {
      const from = last === undefined ? {} : { ExclusiveStartShardId: last };
      const body = await ask('DescribeStream', { StreamArn: await streamArn(call), ...from }, call);
      const description = body.StreamDescription as {
        readonly Shards?: readonly ShardDescription[];
        readonly LastEvaluatedShardId?: string;
      };
      found.push(...(description.Shards ?? []));
      last = description.LastEvaluatedShardId;
      if (last === undefined) return found;
    }
    throw new TableError('invalid', `the stream of ${table} has more shards than ${found.length}`);
  };

  const shards = async (call?: CallOptions): Promise<readonly FeedShard[]> => {
    try {
      return parentsFirst(await describe(call));
    } catch (error) {
      // The table was made anew, or its stream was: another name next time.
      if (faultName(error) === 'ResourceNotFoundException') knownArn = undefined;
      throw error;
    }
  };

  const keep = (shard: string, position: string, iterator: string): void => {
    iterators.delete(shard);
    iterators.set(shard, { position, iterator });
    const [first] = iterators.keys();
    if (iterators.size > iteratorsMax && first !== undefined) iterators.delete(first);
  };

  const iteratorAt = async (shard: string, position: string, call: CallOptions | undefined): Promise<string> => {
    const kept = iterators.get(shard);
    if (kept?.position === position) return kept.iterator;
    const from =
      position === oldest || position.startsWith('@')
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: position };
    return makeIterator(shard, from, call);
  };

  const makeIterator = async (shard: string, from: object, call: CallOptions | undefined): Promise<string> => {
    const body = await ask('GetShardIterator', { StreamArn: await streamArn(call), ShardId: shard, ...from }, call);
    return body.ShardIterator as string;
  };

  const begin = async (shard: string, start: FeedStart, call: CallOptions | undefined): Promise<string> => {
    if (start === 'oldest') return oldest;
    if (start !== 'latest') return start.after;
    const position = `@${now()}`;
    keep(shard, position, await makeIterator(shard, { ShardIteratorType: 'LATEST' }, call));
    return position;
  };

  const readAt = async (
    shard: string,
    position: string,
    limit: number,
    call: CallOptions | undefined,
  ): Promise<FeedPage> => {
    const iterator = await iteratorAt(shard, position, call);
    const input = { ShardIterator: iterator, Limit: Math.min(limit, recordsMax) };
    const body = await ask('GetRecords', input, call);
    const changes = ((body.Records ?? []) as StreamRecord[]).map(changeOf);
    const reached = changes.at(-1)?.position ?? position;
    const following = body.NextShardIterator as string | undefined | null;
    if (following) keep(shard, reached, following);
    else iterators.delete(shard);
    const since = position.startsWith('@') ? Number(position.slice(1)) - clockMarginMs : 0;
    return {
      records: changes.filter((change) => change.at >= since && isChange(change)),
      position: following ? reached : undefined,
    };
  };

  /** A shard that the stream no longer lists was trimmed whole: there is nothing left to read in it. */
  const isGone = async (shard: string, call: CallOptions | undefined): Promise<boolean> =>
    !(await shards(call)).some(({ id }) => id === shard);

  return {
    shards,
    async read(shard, start, limit, call) {
      let position = await begin(shard, start, call);
      for (let tries = 1; ; tries += 1) {
        try {
          return await readAt(shard, position, limit, call);
        } catch (error) {
          const fault = faultName(error);
          iterators.delete(shard);
          if (fault === 'ResourceNotFoundException' && (await isGone(shard, call))) {
            return { records: [], position: undefined };
          }
          if (tries >= iteratorTriesMax) throw error;
          if (fault === 'TrimmedDataAccessException') position = oldest;
          else if (fault !== 'ExpiredIteratorException') throw error;
        }
      }
    },
    // Five GetRecords a second for a shard, whoever reads it (DynamoDB Streams, service quotas).
    readEveryMs: 200,
    onChange(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    changed() {
      for (const listener of listeners) queueMicrotask(listener);
    },
  };
};
