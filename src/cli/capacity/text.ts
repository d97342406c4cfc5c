/** Answers for people to read. */
import type { Answer } from './answer.ts';
import { priceSources } from './prices.ts';
import type { Outcome } from './simulate.ts';

/** 1,234,567; three digits below a hundred. */
export const number = (value: number): string => {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-GB');
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
};

export const dollars = (value: number): string => `$${number(value)}`;
/** A share as a percentage; anything below a hundredth of one is said to be so. */
export const percent = (share: number): string =>
  share > 0 && share < 0.0001 ? '< 0.01 %' : `${number(share * 100)} %`;

/** 280 ms, 12 s, 3 min, 2 h. */
export const duration = (seconds: number): string => {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 120) return `${number(seconds)} s`;
  return seconds < 7_200 ? `${number(seconds / 60)} min` : `${number(seconds / 3_600)} h`;
};

/** The p99 of inbox delays; a lower bound when the fan-out never caught up. */
export const delayP99 = ({ delayP99: seconds, behindSeconds }: Outcome): string =>
  behindSeconds > 60 ? `over ${duration(seconds)}, and behind at the end` : duration(seconds);

const bytes = (gigabytes: number): string =>
  gigabytes >= 1_000 ? `${number(gigabytes / 1_000)} TB` : `${number(gigabytes)} GB`;

/** The first limit, how near it is, and what raises it. */
export const firstLimit = ({ limits }: Answer): string => {
  const [first] = limits;
  return first === undefined ? 'none' : `${first.name}, ${percent(first.share)} used at the peak`;
};

/** The answer in lines of name and value. */
export const answerLines = (answer: Answer): readonly (readonly [string, string])[] => {
  const { outcome, unitsMean, unitsPeak, costs, messagesPerSecond } = answer;
  return [
    [
      'Messages a second',
      `${number(messagesPerSecond.mean)} on average, ${number(messagesPerSecond.peak)} at the peak`,
    ],
    [
      'Write units a second',
      `table ${number(unitsMean.table)}, index ${number(unitsMean.index)}; at the peak ${number(unitsPeak.table)} and ${number(unitsPeak.index)}`,
    ],
    ['Read units a second', `${number(unitsMean.reads)}; at the peak ${number(unitsPeak.reads)}`],
    ['Partitions', `table ${number(outcome.tablePartitions)}, index ${number(outcome.indexPartitions)}`],
    ['Kept', bytes(answer.gigabytes)],
    [
      'Throttled',
      `${percent(outcome.refusedSends)} of sends, ${percent(outcome.refusedUpdates)} of inbox updates, ${percent(outcome.refusedReads)} of reads (all tried again)`,
    ],
    ['Inbox delay', `p50 ${duration(outcome.delayP50)}, p99 ${delayP99(outcome)}`],
    ['First limit', firstLimit(answer)],
    ['What raises it', answer.limits[0]?.raise ?? ''],
    [
      'Cost a month',
      `${dollars(costs.total)} (${dollars(costs.perUser)} a user, ${dollars(costs.perMillionMessages)} per million messages)`,
    ],
    ['  writes, reads', `${dollars(costs.writes)}, ${dollars(costs.reads)}`],
    ['  storage, backups', `${dollars(costs.storage)}, ${dollars(costs.backups)}`],
    ['  fan-out', dollars(costs.fanout)],
    ['Prices', `${priceSources.region}, on demand, ${priceSources.date}: ${priceSources.dynamodb}`],
  ];
};
