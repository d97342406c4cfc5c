/** The model's answer to a question: what runs out first, what it costs a month, how late inboxes are. */
import { batchesOf, batchSeconds, shardRateMax } from './fanout.ts';
import { itemOverheadBytes, lambdaConcurrency, pages, partitionWriteUnits, shardParallelismMax } from './limits.ts';
import {
  daysPerMonth,
  dollarsPerBackupGigabyteMonth,
  dollarsPerGigabyteMonth,
  dollarsPerGigabyteSecond,
  dollarsPerMillionInvocations,
  dollarsPerMillionReadUnits,
  dollarsPerMillionWriteUnits,
  functionGigabytes,
} from './prices.ts';
import { messageItemBytes, messagesKept, type Question, rowItemBytes, rowsKept, units } from './question.ts';
import { type Outcome, simulate } from './simulate.ts';
import { daySeconds, type Run, trafficAt, unitsAt } from './traffic.ts';
import { peakToMean } from './workload.ts';

/**
 * From the mean hour up to the busiest within an hour, and an hour of that. With chance given, each second has that of a Poisson
 * process, for those who count in flows; events have their own.
 */
export const ordinaryRun = (question: Question, random?: () => number): Run => ({
  question,
  seconds: 7_200,
  traffic: (second) => {
    const times = 1 + (peakToMean - 1) * Math.min(1, second / 3_600);
    const even = trafficAt(question, times);
    if (random === undefined) return even;
    // Three uniform numbers make a bell that is close enough; its deviation is a Poisson count's.
    const bell = (random() + random() + random() - 1.5) * 2;
    const noisy = Math.max(0, 1 + bell / Math.sqrt(Math.max(1, even.sends)));
    return { ...even, sends: even.sends * noisy };
  },
  peakBefore: question.newTable ? { table: 0, index: 0, reads: 0 } : unitsAt(question, trafficAt(question, peakToMean)),
});

export interface Limit {
  readonly name: string;
  /** How much of it is used at the peak; above 1 it refuses or falls behind. */
  readonly share: number;
  /** What raises it. */
  readonly raise: string;
  readonly source: string;
}

/** Every limit in the way, the tightest first. */
export const limitsOf = (question: Question, outcome: Outcome): readonly Limit[] => {
  const { peak } = outcome;
  const shards = {
    count: outcome.tablePartitions,
    parallelism: question.shardParallelism,
    updatesPerMessage: question.groupSize / question.messagesPerBatch,
  };
  const limits: Limit[] = [
    {
      name: 'write quota of the table',
      share: peak.table / question.unitsQuota,
      raise: 'ask Service Quotas for more write units for the table',
      source: pages.quotas,
    },
    {
      name: 'write quota of the index',
      share: peak.index / question.unitsQuota,
      raise: 'ask Service Quotas for more write units for the index; more messages to a batch need fewer',
      source: pages.quotas,
    },
    {
      name: 'read quota of the table',
      share: peak.reads / question.unitsQuota,
      raise: 'cache closed pages, or ask Service Quotas for more read units',
      source: pages.quotas,
    },
    {
      name: 'growth on demand (twice the previous peak in 30 minutes)',
      share: peak.warmShare,
      raise: 'set warm throughput before the peak',
      source: pages.onDemand,
    },
    {
      name: 'partition of the busiest conversation',
      share: (peak.hotConversation * units.append.table) / partitionWriteUnits,
      raise: 'nothing: a conversation takes 1,000 messages a second; answer 503 conversation_busy past it',
      source: pages.partitions,
    },
    {
      name: 'index partition of the busiest inbox',
      share: (peak.hotInbox * units.updateRow.index) / partitionWriteUnits,
      raise: 'set refused rows aside and merge them, or spread that inbox over several index keys',
      source: pages.backPressure,
    },
    {
      name: 'fan-out of one shard',
      share: peak.messagesPerShard / shardRateMax(shards),
      raise:
        question.shardParallelism < shardParallelismMax
          ? `handle more batches of a shard at once (now ${question.shardParallelism}, at most ${shardParallelismMax})`
          : 'larger batches, or more writes in flight in each',
      source: pages.lambdaParameters,
    },
    {
      name: "Lambda's concurrent executions",
      share: peak.concurrency / lambdaConcurrency,
      raise: 'ask Service Quotas for more; a batching window of a second needs fewer',
      source: pages.lambdaQuotas,
    },
  ];
  return limits.sort((a, b) => b.share - a.share);
};

export interface Costs {
  /** Dollars a month. */
  readonly writes: number;
  readonly reads: number;
  readonly storage: number;
  readonly backups: number;
  readonly fanout: number;
  readonly total: number;
  readonly perUser: number;
  readonly perMillionMessages: number;
}

/** Gigabytes kept: messages, and a row per participant and conversation twice, table and index. */
export const gigabytesOf = (question: Question): number => {
  const messages = messagesKept(question) * (messageItemBytes + itemOverheadBytes);
  const rows = rowsKept(question) * 2 * (rowItemBytes + itemOverheadBytes);
  return (messages + rows) / 1e9;
};

/** A month's cost of the table, its index, their backups and the fan-out behind so many shards. */
export const costsOf = (question: Question, shards: number): Costs => {
  const mean = unitsAt(question, trafficAt(question, 1));
  const seconds = daySeconds * daysPerMonth;
  const messages = question.users * question.messagesPerDay * daysPerMonth;
  const writes = ((mean.table + mean.index) * seconds * dollarsPerMillionWriteUnits) / 1e6;
  const reads = (mean.reads * seconds * dollarsPerMillionReadUnits) / 1e6;
  const gigabytes = gigabytesOf(question);
  // Many shards with little each are what costs: every message then is a batch of its own.
  const batchesPerSecond = shards * batchesOf(messages / seconds / shards);
  const batches = batchesPerSecond * seconds;
  const updates = (messages / batches) * (question.groupSize / question.messagesPerBatch);
  const fanout =
    (batches * dollarsPerMillionInvocations) / 1e6 +
    batches * batchSeconds(updates) * functionGigabytes * dollarsPerGigabyteSecond;
  const storage = gigabytes * dollarsPerGigabyteMonth;
  const backups = gigabytes * dollarsPerBackupGigabyteMonth;
  const total = writes + reads + storage + backups + fanout;
  return {
    writes,
    reads,
    storage,
    backups,
    fanout,
    total,
    perUser: total / question.users,
    perMillionMessages: (total / messages) * 1e6,
  };
};

export interface Answer {
  readonly question: Question;
  readonly unitsMean: ReturnType<typeof unitsAt>;
  readonly unitsPeak: ReturnType<typeof unitsAt>;
  readonly messagesPerSecond: { readonly mean: number; readonly peak: number };
  readonly gigabytes: number;
  readonly costs: Costs;
  readonly outcome: Outcome;
  readonly limits: readonly Limit[];
}

export const answerTo = (question: Question, run: Run): Answer => {
  const outcome = simulate(run);
  return {
    question,
    unitsMean: unitsAt(question, trafficAt(question, 1)),
    unitsPeak: unitsAt(question, trafficAt(question, peakToMean)),
    messagesPerSecond: { mean: trafficAt(question, 1).sends, peak: trafficAt(question, peakToMean).sends },
    gigabytes: gigabytesOf(question),
    costs: costsOf(question, outcome.tablePartitions),
    outcome,
    limits: limitsOf(question, outcome),
  };
};
