/** What AWS documents of DynamoDB and Lambda, a constant each with its page; and, apart, what it does not and we assume. */

/** Where a constant stands. Read in November 2026. */
export const pages = {
  partitions: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html',
  burst: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html',
  onDemand: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html',
  quotas: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html',
  backPressure: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html',
  heat: 'https://aws.amazon.com/blogs/database/part-3-scaling-dynamodb-how-partitions-hot-keys-and-split-for-heat-impact-performance/',
  streams: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html',
  lambdaStreams: 'https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html',
  lambdaParameters: 'https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html',
  lambdaQuotas: 'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html',
  itemSizes: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html',
} as const;

/** Units a second that one partition serves, of a table or of an index (`pages.partitions`). */
export const partitionWriteUnits = 1_000;
export const partitionReadUnits = 3_000;
/** A partition that nears this size is split (`pages.heat`). */
export const partitionBytes = 10 * 1_000_000_000;

/** What a new on-demand table or index serves at once (`pages.onDemand`). */
export const newTableWriteUnits = 4_000;
export const newTableReadUnits = 12_000;
/** On demand serves this many times the previous peak at once; past it within the time below it may refuse (`pages.onDemand`). */
export const onDemandGrowth = 2;
export const onDemandGrowthSeconds = 30 * 60;
/** Default quota per table and per index in most regions; raised on request (`pages.quotas`). */
export const tableUnitsQuota = 40_000;

/** Lambda asks each shard this often at least (`pages.lambdaStreams`), and takes this many records by default. */
export const shardPollsPerSecond = 4;
export const batchRecords = 100;
/** Batches of one shard at a time: 1 by default, at most 10 (`pages.lambdaParameters`). */
export const shardParallelismDefault = 1;
export const shardParallelismMax = 10;
/** Concurrent executions of an account by default; raised on request (`pages.lambdaQuotas`). */
export const lambdaConcurrency = 1_000;

/** Storage billed beside each item (`pages.itemSizes`). */
export const itemOverheadBytes = 100;

// What is not documented. Each errs to the side of trouble, and the answer's sensitivity to it is in docs/SCALE.md.

/** A partition above this share of its limit … */
export const heatShare = 0.9;
/** … for this long is split. AWS says only "sustained"; minutes are what its engineers' posts show. */
export const heatSeconds = 300;
/** One write of the fan-out, with its network: DynamoDB promises single-digit milliseconds, no figure. */
export const writeSeconds = 0.006;
/** What a batch costs before and after its writes: the poll, the invocation and the checkpoint. */
export const batchOverheadSeconds = 0.025;
/** Writes that one invocation of the fan-out has in flight. */
export const batchWritesInFlight = 16;
