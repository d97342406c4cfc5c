/**
 * The stream and the function behind it, a second at a time: one shard per partition of the table, batches of up to 100
 * messages, so many at once per shard, a limit of concurrency over all.
 */
import {
  batchOverheadSeconds,
  batchRecords,
  batchWritesInFlight,
  lambdaConcurrency,
  shardPollsPerSecond,
  writeSeconds,
} from './limits.ts';

/** Seconds that one batch takes when none of its writes is refused. */
export const batchSeconds = (updates: number): number =>
  batchOverheadSeconds + Math.ceil(updates / batchWritesInFlight) * writeSeconds;

export interface Shards {
  readonly count: number;
  readonly parallelism: number;
  /** Inbox rows that a message updates, on average. */
  readonly updatesPerMessage: number;
}

/** Messages a second that one shard's consumer gets through at most, its batches full. */
export const shardRateMax = ({ parallelism, updatesPerMessage }: Shards): number =>
  (parallelism * batchRecords) / batchSeconds(batchRecords * updatesPerMessage);

/** Executions at the same time, on average, for so many messages a second on each shard. */
export const concurrencyOf = (shards: Shards, messagesPerShard: number): number => {
  const batches = Math.max(Math.min(shardPollsPerSecond, messagesPerShard), messagesPerShard / batchRecords);
  if (batches === 0) return 0;
  const perBatch = messagesPerShard / batches;
  return shards.count * Math.min(shards.parallelism, batches * batchSeconds(perBatch * shards.updatesPerMessage));
};

/** Messages a second of one shard under the account's limit of concurrency, when every shard has as many waiting. */
export const shardRate = (shards: Shards, waitingPerShard: number): number => {
  const own = Math.min(waitingPerShard, shardRateMax(shards));
  const needed = concurrencyOf(shards, own);
  return needed > lambdaConcurrency ? (own * lambdaConcurrency) / needed : own;
};

/** Times a second that a conversation with so many messages a second costs its participants an update: once a batch. */
export const batchesOf = (messagesPerSecond: number): number =>
  Math.max(Math.min(shardPollsPerSecond, messagesPerSecond), messagesPerSecond / batchRecords);
