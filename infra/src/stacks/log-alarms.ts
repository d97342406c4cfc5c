/**
 * Alarms on what processes say in their logs: trouble of a kind that AWS counts nowhere, since the one that has it is the caller.
 * The words are those of the code; a test holds them to it.
 */
import type { Stack } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { type alarmsOn, metric } from './alarms.ts';
import { functionNames } from './roles.ts';

const namespace = 'Parley/Logs';
const serviceLog = '/parley/service';
const fanoutLog = `/parley/${functionNames.fanout}`;

export interface LogAlarm {
  readonly name: string;
  /** A line that has them counts. */
  readonly words: string;
  readonly logGroups: readonly string[];
  /** Lines in a minute. */
  readonly threshold: number;
  readonly minutes: number;
}

export const logAlarms: readonly LogAlarm[] = [
  {
    // A process that cannot reach it says so six times a minute; a function that was frozen says so once, when it wakes.
    name: 'parley-cache-away',
    words: 'Valkey is away',
    logGroups: [serviceLog, fanoutLog],
    threshold: 3,
    minutes: 5,
  },
  {
    // Keys in memory go on for ten minutes, so that requests fail one by one long before many do.
    name: 'parley-key-service-away',
    words: 'The key service cannot be reached',
    logGroups: [serviceLog],
    threshold: 1,
    minutes: 3,
  },
];

/** By name: the groups are those of other stacks, and this one comes after them. */
export function alarmsOnLogs(stack: Stack, alarm: ReturnType<typeof alarmsOn>): void {
  for (const { name, words, logGroups, threshold, minutes } of logAlarms) {
    for (const [index, logGroupName] of logGroups.entries())
      new logs.CfnMetricFilter(stack, `${name}-filter-${index}`, {
        filterName: name,
        logGroupName,
        filterPattern: `"${words}"`,
        metricTransformations: [{ metricNamespace: namespace, metricName: name, metricValue: '1' }],
      });
    alarm({ name, metric: metric(namespace, name, {}, 'Sum'), threshold, periods: minutes });
  }
}
