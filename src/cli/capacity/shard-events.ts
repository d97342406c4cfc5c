/** One partition with its stream's shard, event by event: the whole table's model (`table-events.ts`) of a table that has only one. */
import type { Assumed } from './assumed.ts';
import type { KeysStart } from './keys.ts';
import { lambdaConcurrency } from './limits.ts';
import { createOnDemand } from './on-demand.ts';
import { runTable, type Watch } from './table-events.ts';
import type { TableAnswer } from './table-tally.ts';

export interface ShardQuestion {
  /** To this partition, on average. */
  readonly messagesPerSecond: number;
  /** Rows that one message changes; the partition holds as large a share of all rows as of all messages. */
  readonly participants: number;
  /** Batches at once, 1–10. */
  readonly parallelism: number;
  readonly seconds: number;
  readonly random: () => number;
  readonly assumed?: Assumed;
  readonly watch?: Watch;
}

/** Enough people that no conversation and no inbox stands out, and index partitions that none is in the way. */
const [manyUsers, manyPartitions] = [1e9, 1_000] as const;

/** Nothing but the partition's own units limits it. */
const keysOf = (partitions: number): KeysStart => ({
  onDemand: createOnDemand({ peakBefore: 0, fresh: Number.MAX_SAFE_INTEGER }),
  partitions,
  quota: Number.MAX_SAFE_INTEGER,
  partitionsFor: () => partitions,
});

/** Runs until every message is in its rows. */
export const runShard = (question: ShardQuestion): TableAnswer => {
  const { messagesPerSecond, participants, parallelism, seconds, random, assumed, watch } = question;
  return runTable({
    question: {
      users: manyUsers,
      groupSize: participants,
      shardParallelism: parallelism,
      refusedRows: 'in-place',
      uncachedShare: 1,
    },
    traffic: () => ({
      sends: messagesPerSecond,
      busiestConversation: 0,
      busiestConversationSize: participants,
      busiestInbox: 0,
      pages: 0,
      inboxes: 0,
      readMarks: 0,
    }),
    from: 0,
    to: seconds,
    drain: true,
    table: keysOf(1),
    index: keysOf(manyPartitions),
    reads: { onDemand: createOnDemand({ peakBefore: 0, fresh: 0 }), quota: 0 },
    concurrency: lambdaConcurrency,
    random,
    ...(assumed && { assumed }),
    ...(watch && { watch }),
  });
};
