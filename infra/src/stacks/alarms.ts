/** Alarms as all of ours are: a name the runbook explains, a topic that reaches a person, silence that is not mistaken for health. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

/** The topic alarms go to: encrypted, mailed to the operators. */
export function alarmTopic(scope: Construct, id: string, name: string, key: kms.IKey, email: string): sns.Topic {
  const topic = new sns.Topic(scope, id, { topicName: name, masterKey: key, enforceSSL: true });
  topic.addSubscription(new subscriptions.EmailSubscription(email));
  for (const service of ['cloudwatch.amazonaws.com', 'costalerts.amazonaws.com', 'backup.amazonaws.com'])
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `From${service.split('.')[0]}`,
        actions: ['sns:Publish'],
        principals: [new iam.ServicePrincipal(service)],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': topic.env.account } },
      }),
    );
  return topic;
}

export interface AlarmProps {
  /** Also the heading in `docs/RUNBOOK.md`, where a test looks for it. */
  readonly name: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly below?: boolean;
  /** Periods in a row that must be over; 1 for what should never happen, more for what may flicker. */
  readonly periods?: number;
  /** What no data means. Of counters, that nothing happened; of heartbeats, that something is dead. */
  readonly missing?: cloudwatch.TreatMissingData;
}

/** Makes alarms on one topic, each with a description that leads to the runbook. */
export const alarmsOn =
  (scope: Construct, topic: sns.ITopic) =>
  ({ name, metric, threshold, below = false, periods = 1, missing }: AlarmProps): cloudwatch.Alarm => {
    const alarm = new cloudwatch.Alarm(scope, name, {
      alarmName: name,
      alarmDescription: `docs/RUNBOOK.md, "${name}"`,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: below
        ? cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
        : cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new actions.SnsAction(topic));
    alarm.addOkAction(new actions.SnsAction(topic));
    return alarm;
  };

/** A metric of a minute. */
export const metric = (
  namespace: string,
  metricName: string,
  dimensionsMap: { readonly [name: string]: string },
  statistic: string,
  minutes = 1,
): cloudwatch.Metric =>
  new cloudwatch.Metric({ namespace, metricName, dimensionsMap, statistic, period: Duration.minutes(minutes) });
