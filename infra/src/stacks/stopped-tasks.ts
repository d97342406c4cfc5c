/** Tasks that ended as they should not: each is written to a log with its reasons, and counted there. ECS itself counts none. */
import type { Stack } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';

/** Of the metrics that count them. */
export const tasksNamespace = 'Parley/Tasks';

/** What is noted, by the name that the rule, its log and the alarm on it have in common. */
export interface Stopped {
  readonly alarm: string;
  readonly metric: string;
  readonly description: string;
  /** Of the task definition, whatever its revision. */
  readonly family: string;
  /** Parts of the event, in the language of event patterns, of which one must match. */
  readonly ended: readonly { readonly [field: string]: unknown }[];
  readonly cluster: ecs.ICluster;
  readonly logsKey: kms.IKey;
}

export function noteStopped(stack: Stack, id: string, of: Stopped): void {
  // CloudWatch Logs takes events into groups of this prefix.
  const logGroupName = `/aws/events/${of.alarm}`;
  const log = new logs.LogGroup(stack, `${id}Log`, {
    logGroupName,
    encryptionKey: of.logsKey,
    retention: logs.RetentionDays.THREE_MONTHS,
  });
  const place = `${stack.region}:${stack.account}`;
  const groupArn = `arn:aws:logs:${place}:log-group:${logGroupName}`;
  const rule = new events.CfnRule(stack, id, {
    name: of.alarm,
    description: of.description,
    eventPattern: {
      source: ['aws.ecs'],
      'detail-type': ['ECS Task State Change'],
      detail: {
        clusterArn: [of.cluster.clusterArn],
        taskDefinitionArn: [{ prefix: `arn:aws:ecs:${place}:task-definition/${of.family}:` }],
        lastStatus: ['STOPPED'],
        $or: of.ended,
      },
    },
    targets: [{ id: 'log', arn: groupArn }],
  });
  const writers = { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] };
  const policy = new logs.CfnResourcePolicy(stack, `${id}Writers`, {
    policyName: of.alarm,
    policyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: writers, Action: 'logs:CreateLogStream', Resource: `${groupArn}:*` },
        {
          Effect: 'Allow',
          Principal: writers,
          Action: 'logs:PutLogEvents',
          Resource: `${groupArn}:*`,
          Condition: { ArnEquals: { 'aws:SourceArn': `arn:aws:events:${place}:rule/${of.alarm}` } },
        },
      ],
    }),
  });
  rule.node.addDependency(log, policy);
  new logs.CfnMetricFilter(stack, `${id}Count`, {
    filterName: of.alarm,
    logGroupName,
    // Every line: the rule has chosen already.
    filterPattern: '',
    metricTransformations: [{ metricNamespace: tasksNamespace, metricName: of.metric, metricValue: '1' }],
  }).node.addDependency(log);
}
