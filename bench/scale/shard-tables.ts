/** One partition and its shard in docs/SCALE.md: at some rates, and how much hangs on what is assumed. */
import { type Assumed, assumed as assumptions } from '#cli/capacity/assumed';
import { seeded } from '#cli/capacity/random';
import { runShard } from '#cli/capacity/shard-events';
import { duration, number, percent } from '#cli/capacity/text';
import { markdownTable } from '../harness/table.ts';

const shardOf = (messagesPerSecond: number, more: { parallelism?: number; assumed?: Assumed } = {}) =>
  runShard({ messagesPerSecond, participants: 2, parallelism: 1, seconds: 600, random: seeded(9), ...more });

/** From what a partition of a million users' table has at the peak, past what a partition serves. */
const shardRates = [1.4, 10, 100, 300, 400] as const;
/** A row for each rate. */
export const shardTable = (): string =>
  markdownTable(
    [
      'messages a second',
      'inbox delay p50',
      'p99',
      'row updates a message',
      'write units a message',
      'first tries to send refused',
      'row updates refused',
      'partitions in the end',
    ],
    shardRates.map((rate) => {
      const one = shardOf(rate);
      return [
        number(rate),
        duration(one.delayP50),
        duration(one.delayP99),
        number(one.updatesPerMessage),
        number(one.unitsPerMessage),
        percent(one.refusedAtFirst),
        percent(one.refusedUpdates),
        number(one.tablePartitions),
      ];
    }),
  );

/** The rate at which what we assume is varied: busy, and not refused. */
export const variedRate = 300;
const varied: readonly (readonly [name: string, assumed: Assumed])[] = [
  ['as assumed', assumptions],
  ['a write takes twice as long', { ...assumptions, writeSeconds: 2 * assumptions.writeSeconds }],
  ['five times as long', { ...assumptions, writeSeconds: 5 * assumptions.writeSeconds }],
  ['a batch costs twice as much apart', { ...assumptions, batchOverheadSeconds: 2 * assumptions.batchOverheadSeconds }],
  ['five times as much', { ...assumptions, batchOverheadSeconds: 5 * assumptions.batchOverheadSeconds }],
  ['half as many writes in flight', { ...assumptions, batchWritesInFlight: assumptions.batchWritesInFlight / 2 }],
];
/** A row for each assumption that is varied. */
export const sensitivityTable = (): string =>
  markdownTable(
    ['assumption', 'inbox delay p99', 'with 4 batches of a shard at once'],
    varied.map(([name, assumed]) => [
      name,
      duration(shardOf(variedRate, { assumed }).delayP99),
      duration(shardOf(variedRate, { assumed, parallelism: 4 }).delayP99),
    ]),
  );
