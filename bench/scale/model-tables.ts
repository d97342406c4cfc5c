/** What the capacity model knows, in docs/SCALE.md: documented by AWS, and assumed. */
import * as limits from '#cli/capacity/limits';
import { duration, number, percent } from '#cli/capacity/text';
import { defaultRetryPolicy } from '#table/retry';
import { markdownTable } from '../harness/table.ts';

/** With the page of each. */
export const documentedTable = (): string =>
  markdownTable(
    ['what', 'value', 'source'],
    [
      ['write units a partition', number(limits.partitionWriteUnits), limits.pages.partitions],
      ['read units a partition', number(limits.partitionReadUnits), limits.pages.partitions],
      ['size at which a partition is split', '10 GB', limits.pages.heat],
      [
        'a new table, write and read units',
        `${number(limits.newTableWriteUnits)}, ${number(limits.newTableReadUnits)}`,
        limits.pages.onDemand,
      ],
      ['growth on demand', `${limits.onDemandGrowth} times the previous peak in 30 minutes`, limits.pages.onDemand],
      ['units of a table or index by default', number(limits.tableUnitsQuota), limits.pages.quotas],
      ['an index that cannot take its share holds up the table', '', limits.pages.backPressure],
      ['Lambda asks a shard', `${limits.shardPollsPerSecond} times a second`, limits.pages.lambdaStreams],
      [
        'records a batch, batches of a shard at once',
        `${limits.batchRecords}, 1 to ${limits.shardParallelismMax}`,
        limits.pages.lambdaParameters,
      ],
      ['concurrent executions by default', number(limits.lambdaConcurrency), limits.pages.lambdaQuotas],
    ],
  );

/** What no page says. */
export const assumedTable = (): string =>
  markdownTable(
    ['what AWS does not say, and we assume', 'value'],
    [
      ['a partition is split when it is this full …', percent(limits.heatShare)],
      ['… for this long', duration(limits.heatSeconds)],
      ['one write of the fan-out, with its network', duration(limits.writeSeconds)],
      ['what a batch costs apart from its writes', duration(limits.batchOverheadSeconds)],
      ['writes of one batch in flight', number(limits.batchWritesInFlight)],
      ['units that a partition, a table or an index has in advance', 'of one second'],
      ['who comes while any unit is left', 'is served, the rest is owed'],
      ['a refused row is tried again', `within ${duration(defaultRetryPolicy.capMs / 1_000)}, sooner at first`],
    ],
  );
