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

/** Messages of a batch when so many a second come to its shard and it is asked as often as it is. */
export const batchMessages = (messagesPerShard: number): number =>
  Math.min(batchRecords, Math.max(1, messagesPerShard / shardPollsPerSecond));

/** Messages a second of one shard under the account's limit of concurrency, when every shard has as many waiting. */
export const shardRate = (shards: Shards, waitingPerShard: number): number => {
  // Whoever waits for an execution has the fuller batches: when there are too few, all are full.
  const executions = Math.min(shards.parallelism, lambdaConcurrency / shards.count);
  return Math.min(waitingPerShard, (executions / shards.parallelism) * shardRateMax(shards));
};

/** Seconds that a shard waits in line for an execution: until all others have had theirs, batches growing meanwhile. */
export const executionSeconds = (shards: Shards, messagesPerShard: number): number => {
  if (concurrencyOf(shards, messagesPerShard) <= lambdaConcurrency) return 0;
  let round = 1;
  // It settles in a few rounds: a longer one has fuller batches, which cost less a message.
  for (let n = 0; n < 20; n += 1) {
    const messages = Math.min(batchRecords, Math.max(1, messagesPerShard * round));
    round = (shards.count / lambdaConcurrency) * batchSeconds(messages * shards.updatesPerMessage);
  }
  return round;
};

/** Times a second that a conversation with so many messages a second costs its participants an update: once a batch. */
export const batchesOf = (messagesPerSecond: number): number =>
  Math.max(Math.min(shardPollsPerSecond, messagesPerSecond), messagesPerSecond / batchRecords);

/** The same of a conversation so busy that its shard never has nothing waiting: then one batch follows on another. */
export const batchesInLine = (messagesPerSecond: number, secondsPerBatch: number): number =>
  messagesPerSecond * secondsPerBatch > 1 ? 1 / secondsPerBatch : batchesOf(messagesPerSecond);
