/** Day and night: alarms on what users would feel, and a dashboard of units and latency by access pattern. */
import { Duration, type Stack } from 'aws-cdk-lib';
import * as ce from 'aws-cdk-lib/aws-ce';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { catalog, type PatternDescription } from '../../../src/store/catalog.ts';
import { indexes } from '../../../src/table/schema.ts';
import type { Config } from '../config.ts';
import { cacheName, daxClusterName, keysTableName } from '../names.ts';
import { alarmsOn, alarmTopic, metric } from './alarms.ts';
import type { Fanout } from './fanout.ts';
import type { Identity } from './identity.ts';
import type { Keys } from './keys.ts';
import { erasuresFailed } from './life-cycle.ts';
import { alarmsOnLogs } from './log-alarms.ts';
import type { Network } from './network.ts';
import { type Service, tasksStopped } from './service.ts';
import { parleyStack } from './stack.ts';

interface Uses {
  readonly fanout: Fanout;
  readonly identity: Identity;
  readonly keys: Keys;
  readonly network: Network;
  readonly service: Service;
}

const dynamo = 'AWS/DynamoDB';

/** The operations the catalog uses: those CloudWatch tells apart. */
export const operationsInUse = [...new Set(Object.values(catalog).map(({ operation }) => operation))].sort();

export function watchStack(scope: Construct, config: Config, use: Uses): Stack {
  const place = { account: config.workloadAccount, region: config.activeRegion };
  const stack = parleyStack(scope, 'ParleyWatch', place, 'Parley: alarms and dashboard');
  const topic = alarmTopic(stack, 'Alarms', 'parley-alarms', use.keys.logs, config.alarmEmail);
  const alarm = alarmsOn(stack, topic);
  tableAlarms(config, alarm);
  fanoutAlarms(config, use, alarm);
  serviceAlarms(config, use, alarm);
  alarmsOnLogs(stack, alarm);
  costAnomaly(stack, topic.topicArn);
  dashboard(stack, config, use);
  return stack;
}

type MakeAlarm = ReturnType<typeof alarmsOn>;

/** Latency of one operation on one table, in milliseconds, as DynamoDB measures it. */
const latency = (table: string, operation: string, statistic: string, minutes = 1) =>
  metric(dynamo, 'SuccessfulRequestLatency', { TableName: table, Operation: operation }, statistic, minutes);

/** DynamoDB's own errors of all these operations together, which it counts one by one. An alarm takes at most ten metrics. */
const systemErrors = (operations: { readonly [table: string]: readonly string[] }): cloudwatch.IMetric => {
  const each = Object.entries(operations).flatMap(([TableName, names]) =>
    names.map((Operation) => metric(dynamo, 'SystemErrors', { TableName, Operation }, 'Sum', 5)),
  );
  return new cloudwatch.MathExpression({
    // A sum leaves out those that have no data, which is all of them on a good day.
    expression: 'SUM(METRICS())',
    label: 'Errors of DynamoDB itself',
    period: Duration.minutes(5),
    usingMetrics: Object.fromEntries(each.map((one, index) => [`m${index}`, one])),
  });
};

function tableAlarms(config: Config, alarm: MakeAlarm): void {
  const main = config.tableName;
  const keyTable = keysTableName(config);
  const throttles = (name: string, dimensions: { readonly [name: string]: string }) => {
    for (const kind of ['Read', 'Write'])
      alarm({
        name: `parley-throttled-${kind.toLowerCase()}s-${name}`,
        metric: metric(dynamo, `${kind}ThrottleEvents`, dimensions, 'Sum'),
        threshold: 10,
        periods: 3,
      });
  };
  throttles('main', { TableName: main });
  throttles('keys', { TableName: keyTable });
  for (const index of Object.keys(indexes)) throttles(index, { TableName: main, GlobalSecondaryIndexName: index });
  alarm({
    name: 'parley-conflicts',
    metric: metric(dynamo, 'ConditionalCheckFailedRequests', { TableName: main }, 'Sum', 5),
    threshold: 5_000,
    periods: 3,
  });
  for (const operation of ['GetItem', 'PutItem', 'Query', 'UpdateItem'])
    alarm({
      name: `parley-table-p99-${operation.toLowerCase()}`,
      metric: latency(main, operation, 'p99'),
      threshold: 50,
      periods: 5,
    });
  alarm({
    name: 'parley-table-errors',
    metric: systemErrors({
      [main]: ['BatchGetItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'],
      [keyTable]: ['BatchGetItem', 'GetItem', 'PutItem', 'Query'],
    }),
    threshold: 10,
    periods: 2,
  });
  for (const region of config.replicaRegions)
    alarm({
      name: `parley-replication-${region}`,
      metric: metric(dynamo, 'ReplicationLatency', { TableName: main, ReceivingRegion: region }, 'Average'),
      threshold: 10_000,
      periods: 5,
    });
  alarm({
    name: 'parley-backup-failed',
    metric: metric('AWS/Backup', 'NumberOfBackupJobsFailed', { ResourceType: 'DynamoDB' }, 'Sum', 60),
    threshold: 1,
  });
}

function fanoutAlarms(config: Config, { fanout, identity }: Uses, alarm: MakeAlarm): void {
  alarm({
    name: 'parley-iterator-age',
    metric: fanout.handler.metric('IteratorAge', { statistic: 'Maximum', period: Duration.minutes(1) }),
    threshold: 60_000,
    periods: 3,
  });
  const minute = { statistic: 'Sum', period: Duration.minutes(1) };
  // One record that cannot be applied is retried at Lambda's own pace: one error a minute, kept up, is enough to know.
  alarm({ name: 'parley-fanout-errors', metric: fanout.handler.metricErrors(minute), threshold: 1, periods: 3 });
  alarm({ name: 'parley-fanout-throttled', metric: fanout.handler.metricThrottles(minute), threshold: 1, periods: 5 });
  alarm({
    name: 'parley-fanout-dead-letters',
    metric: fanout.deadLetters.metricApproximateNumberOfMessagesVisible({
      statistic: 'Maximum',
      period: Duration.minutes(1),
    }),
    threshold: 1,
  });
  // Nothing else tells of a function that is not called at all: no call, no error, no age.
  alarm({
    name: 'parley-fanout-silent',
    metric: new cloudwatch.MathExpression({
      expression: 'IF(FILL(puts, 0) >= 10 AND FILL(calls, 0) == 0, 1, 0)',
      label: 'Entries are written and the fan-out is not called',
      period: Duration.minutes(15),
      usingMetrics: {
        puts: latency(config.tableName, 'PutItem', 'SampleCount', 15),
        calls: fanout.handler.metricInvocations({ statistic: 'Sum', period: Duration.minutes(15) }),
      },
    }),
    threshold: 1,
    periods: 2,
  });
  alarm({
    // A schedule that is switched off, for a restore perhaps, fails at nothing.
    name: 'parley-erasures-not-tried',
    metric: metric('AWS/Scheduler', 'InvocationAttemptCount', { ScheduleGroup: 'default' }, 'Sum', 60),
    threshold: 1,
    below: true,
    periods: 2,
    missing: cloudwatch.TreatMissingData.BREACHING,
  });
  alarm({
    name: 'parley-erasures-not-run',
    metric: metric('AWS/Scheduler', 'TargetErrorCount', { ScheduleGroup: 'default' }, 'Sum', 15),
    threshold: 1,
    periods: 2,
  });
  alarm({
    name: erasuresFailed.alarm,
    metric: metric(erasuresFailed.namespace, erasuresFailed.metric, {}, 'Sum', 15),
    threshold: 1,
    periods: 2,
  });
  alarm({ name: 'parley-provision-errors', metric: identity.trigger.metricErrors(minute), threshold: 1, periods: 2 });
}

function serviceAlarms(config: Config, { network, service }: Uses, alarm: MakeAlarm): void {
  const minute = (statistic: string) => ({ statistic, period: Duration.minutes(1) });
  const own = { ClusterName: service.clusterName, ServiceName: service.serviceName };
  alarm({
    name: 'parley-api-p99',
    metric: service.balancer.metrics.targetResponseTime(minute('p99')),
    threshold: 1,
    periods: 5,
  });
  alarm({
    name: 'parley-api-errors',
    metric: service.balancer.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, minute('Sum')),
    threshold: 20,
    periods: 3,
  });
  alarm({
    // Answers that no task gave: none could be reached, or none answered in time. The tasks' own errors do not count them.
    name: 'parley-balancer-errors',
    metric: service.balancer.metrics.httpCodeElb(elb.HttpCodeElb.ELB_5XX_COUNT, minute('Sum')),
    threshold: 20,
    periods: 3,
  });
  alarm({
    name: 'parley-api-unhealthy',
    // By the target group's own count a task was away for five minutes then.
    metric: service.targets.metrics.unhealthyHostCount(minute('Maximum')),
    threshold: 1,
  });
  alarm({
    name: 'parley-api-too-few-tasks',
    metric: metric('ECS/ContainerInsights', 'RunningTaskCount', own, 'Minimum'),
    threshold: config.tasks.min,
    below: true,
    periods: 5,
    missing: cloudwatch.TreatMissingData.BREACHING,
  });
  alarm({
    name: tasksStopped.alarm,
    metric: metric(tasksStopped.namespace, tasksStopped.metric, {}, 'Sum', 15),
    threshold: 3,
  });
  alarm({
    name: 'parley-api-at-its-ceiling',
    metric: metric('ECS/ContainerInsights', 'RunningTaskCount', own, 'Maximum'),
    threshold: config.tasks.max,
    periods: 10,
  });
  alarm({
    name: 'parley-dax-faults',
    metric: metric('AWS/DAX', 'FaultRequestCount', { ClusterId: daxClusterName }, 'Sum'),
    threshold: 10,
    periods: 3,
  });
  alarm({
    name: 'parley-cache-throttled',
    metric: metric('AWS/ElastiCache', 'ThrottledCmds', { clusterId: cacheName }, 'Sum'),
    threshold: 1,
    periods: 5,
  });
  alarm({
    name: 'parley-cache-sign-in-refused',
    metric: metric('AWS/ElastiCache', 'AuthenticationFailures', { clusterId: cacheName }, 'Sum', 5),
    threshold: 1,
  });
  alarm({
    name: 'parley-cache-sign-in-expired',
    metric: metric('AWS/ElastiCache', 'IamAuthenticationExpirations', { clusterId: cacheName }, 'Sum', 5),
    threshold: 1,
  });
  if (network.vpn !== undefined)
    alarm({
      name: 'parley-vpn-down',
      metric: metric('AWS/VPN', 'TunnelState', { VpnId: network.vpn.ref }, 'Minimum', 5),
      threshold: 1,
      below: true,
      periods: 2,
      missing: cloudwatch.TreatMissingData.BREACHING,
    });
}

/** Dollars a day that must be unexplained before anybody is woken. */
const anomalyDollars = '50';

function costAnomaly(stack: Stack, topicArn: string): void {
  const monitor = new ce.CfnAnomalyMonitor(stack, 'CostMonitor', {
    monitorName: 'parley',
    monitorType: 'DIMENSIONAL',
    monitorDimension: 'SERVICE',
  });
  new ce.CfnAnomalySubscription(stack, 'CostAnomaly', {
    subscriptionName: 'parley-cost-anomaly',
    frequency: 'IMMEDIATE',
    monitorArnList: [monitor.ref],
    subscribers: [{ type: 'SNS', address: topicArn }],
    thresholdExpression: JSON.stringify({
      Dimensions: {
        Key: 'ANOMALY_TOTAL_IMPACT_ABSOLUTE',
        MatchOptions: ['GREATER_THAN_OR_EQUAL'],
        Values: [anomalyDollars],
      },
    }),
  });
}

/** A row for each operation: CloudWatch tells operations apart, not patterns, so the title says whose they are. */
function dashboard(stack: Stack, config: Config, { fanout, service }: Uses): void {
  const patterns = Object.entries<PatternDescription>(catalog);
  const graph = (title: string, left: cloudwatch.IMetric[], right: cloudwatch.IMetric[] = []) =>
    new cloudwatch.GraphWidget({ title, left, right, width: 12, height: 6 });
  const units = (dimensions: { readonly [name: string]: string }) => ({
    read: metric(dynamo, 'ConsumedReadCapacityUnits', dimensions, 'Sum'),
    write: metric(dynamo, 'ConsumedWriteCapacityUnits', dimensions, 'Sum'),
  });
  const main = units({ TableName: config.tableName });
  const inbox = Object.keys(indexes).map((name) =>
    units({ TableName: config.tableName, GlobalSecondaryIndexName: name }),
  );
  new cloudwatch.Dashboard(stack, 'Dashboard', {
    dashboardName: 'parley',
    widgets: [
      [
        graph('Units a minute: table', [main.write], [main.read]),
        graph(
          'Units a minute: index',
          inbox.map(({ write }) => write),
          inbox.map(({ read }) => read),
        ),
      ],
      ...operationsInUse.map((operation) => {
        const names = patterns.filter(([, pattern]) => pattern.operation === operation).map(([name]) => name);
        return [
          graph(
            `${operation}, ms: ${names.join(', ')}`,
            ['p50', 'p99'].map((statistic) => latency(config.tableName, operation, statistic)),
          ),
          graph(`${operation}, requests a minute`, [latency(config.tableName, operation, 'SampleCount')]),
        ];
      }),
      [
        graph(
          'API, requests',
          [service.balancer.metrics.requestCount()],
          [service.balancer.metrics.activeConnectionCount()],
        ),
        graph('API, seconds', [
          service.balancer.metrics.targetResponseTime({ statistic: 'p50' }),
          service.balancer.metrics.targetResponseTime({ statistic: 'p99' }),
        ]),
      ],
      [
        graph('Fan-out: iterator age, ms', [fanout.handler.metric('IteratorAge', { statistic: 'Maximum' })]),
        graph('Conflicts: conditional checks that failed', [
          metric(dynamo, 'ConditionalCheckFailedRequests', { TableName: config.tableName }, 'Sum'),
        ]),
      ],
    ],
  });
}
