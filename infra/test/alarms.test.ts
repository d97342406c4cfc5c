/** Alarms on what AWS counts nowhere: they look at what the code really says, and at what the templates really count. */
import { readFileSync } from 'node:fs';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { logAlarms } from '../src/stacks/log-alarms.ts';
import { readTemplates } from './support/assemblies.ts';
import { at, list, resourcesOf } from './support/templates.ts';

const templates = readTemplates('example');
const template = (name: string) => Template.fromJSON(structuredClone(templates[name]) as never);
const watch = template('ParleyWatch');

/** Where the words of an alarm are written. */
const sources: { readonly [alarm: string]: readonly string[] } = {
  'parley-cache-away': ['server/sharing.ts', 'lambda/fanout.ts', 'cli/target.ts'],
  'parley-key-service-away': ['crypto/kms-wrapper.ts'],
};

describe.each(logAlarms)('$name', ({ name, words, logGroups }) => {
  it('waits for words that the code says', () => {
    for (const source of sources[name] ?? [''])
      expect(readFileSync(new URL(`../../src/${source}`, import.meta.url), 'utf8'), source).toContain(words);
  });
  it('counts them in logs that there are, where the alarm looks', () => {
    const existing = resourcesOf(templates, 'AWS::Logs::LogGroup').map(({ Properties }) => Properties.LogGroupName);
    expect(existing).toEqual(expect.arrayContaining([...logGroups]));
    for (const LogGroupName of logGroups)
      watch.hasResourceProperties('AWS::Logs::MetricFilter', {
        LogGroupName,
        FilterPattern: `"${words}"`,
        MetricTransformations: [Match.objectLike({ MetricNamespace: 'Parley/Logs', MetricName: name })],
      });
    watch.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: name,
      Namespace: 'Parley/Logs',
      MetricName: name,
    });
  });
});

describe('a task of the API that falls over', () => {
  it('is noted by how it stopped, and one that a deployment or scaling ended is not', () => {
    template('ParleyService').hasResourceProperties('AWS::Events::Rule', {
      Name: 'parley-api-tasks-stopped',
      EventPattern: {
        source: ['aws.ecs'],
        detail: Match.objectLike({
          taskDefinitionArn: [{ prefix: Match.stringLikeRegexp('task-definition/parley-service:$') }],
          $or: [
            { stopCode: ['EssentialContainerExited', 'TaskFailedToStart'] },
            { stoppedReason: [{ prefix: 'Task failed' }] },
          ],
        }),
      },
      Targets: [Match.objectLike({ Arn: Match.stringLikeRegexp('log-group:/aws/events/parley-api-tasks-stopped$') })],
    });
  });
  it('is counted where the alarm looks', () => {
    template('ParleyService').hasResourceProperties('AWS::Logs::MetricFilter', {
      LogGroupName: '/aws/events/parley-api-tasks-stopped',
      MetricTransformations: [Match.objectLike({ MetricNamespace: 'Parley/Tasks', MetricName: 'ApiTasksStopped' })],
    });
    watch.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'parley-api-tasks-stopped',
      Namespace: 'Parley/Tasks',
      MetricName: 'ApiTasksStopped',
    });
  });
});

describe('silence', () => {
  it('of the schedule is not taken for health', () => {
    watch.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'parley-erasures-not-tried',
      MetricName: 'InvocationAttemptCount',
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
  });
  it('of the fan-out counts while entries are written', () => {
    watch.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'parley-fanout-silent',
      Metrics: Match.arrayWith([
        Match.objectLike({ MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'Invocations' }) }) }),
      ]),
    });
  });
});

describe('errors of DynamoDB itself', () => {
  it('are watched on both tables, for what is read and what is written, in as many metrics as an alarm takes', () => {
    const [alarm] = resourcesOf(templates, 'AWS::CloudWatch::Alarm').filter(
      ({ Properties }) => Properties.AlarmName === 'parley-table-errors',
    );
    const watched = list(alarm?.Properties.Metrics).flatMap((one) => {
      const dimensions = list(at(one, 'MetricStat.Metric.Dimensions'));
      const of = (name: string) => dimensions.find((dimension) => at(dimension, 'Name') === name);
      return dimensions.length === 0 ? [] : [`${at(of('TableName'), 'Value')} ${at(of('Operation'), 'Value')}`];
    });
    expect(watched).toEqual(
      expect.arrayContaining(['parley Query', 'parley PutItem', 'parley-keys GetItem', 'parley-keys PutItem']),
    );
    expect(watched.length).toBeLessThanOrEqual(10);
  });
});
