/**
 * The organization's trail, in an account of its own, with every read and write of the tables; and alarms on what should not
 * happen there. It is deployed to a delegated administrator of CloudTrail, so that nobody in the workload can reach it.
 */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as cloudtrail from 'aws-cdk-lib/aws-cloudtrail';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { roleNames, tableArns, trailName } from '../names.ts';
import { trailArn } from '../policies/keys.ts';
import { securityAlarms } from '../policies/security-alarms.ts';
import { alarmsOn, alarmTopic, metric } from './alarms.ts';
import { logsKeyIn } from './keys.ts';
import { parleyStack, roleWith } from './stack.ts';

const namespace = 'Parley/Security';
const logName = '/parley/trail';

export function trailStack(scope: Construct, config: Config): Stack {
  const account = config.auditAccount;
  const stack = parleyStack(scope, 'ParleyTrail', { account, region: config.region }, 'Parley: audit trail');
  const key = logsKeyIn(stack, config, account, config.region);
  const bucket = trailBucket(stack, config, key);
  const group = new logs.LogGroup(stack, 'Log', {
    logGroupName: logName,
    encryptionKey: key,
    retention: logs.RetentionDays.ONE_YEAR,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const writer = new iam.ServicePrincipal('cloudtrail.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceArn': trailArn(config) } },
  });
  const groupArn = `arn:aws:logs:${config.region}:${account}:log-group:${logName}`;
  const role = roleWith(stack, 'LogRole', 'parley-trail-log', writer, [
    {
      Sid: 'Write',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: `${groupArn}:log-stream:*`,
    },
  ]);
  const trail = new cloudtrail.CfnTrail(stack, 'Trail', {
    trailName,
    isLogging: true,
    isMultiRegionTrail: true,
    isOrganizationTrail: true,
    includeGlobalServiceEvents: true,
    enableLogFileValidation: true,
    kmsKeyId: key.keyArn,
    s3BucketName: bucket.bucketName,
    cloudWatchLogsLogGroupArn: group.logGroupArn,
    cloudWatchLogsRoleArn: role.roleArn,
    advancedEventSelectors: [
      { name: 'Management', fieldSelectors: [{ field: 'eventCategory', equalTo: ['Management'] }] },
      ...(['Table', 'Stream'] as const).map((type) => ({
        name: `Every read and write: ${type}`,
        fieldSelectors: [
          { field: 'eventCategory', equalTo: ['Data'] },
          { field: 'resources.type', equalTo: [`AWS::DynamoDB::${type}`] },
          {
            field: 'resources.ARN',
            startsWith: [config.region, ...config.replicaRegions].flatMap((region) => [...tableArns(config, region)]),
          },
          ...(config.recordOwnRoles ? [] : [exceptOurs(config)]),
        ],
      })),
    ],
  });
  trail.node.addDependency(bucket, role);

  const topic = alarmTopic(stack, 'Alarms', 'parley-security-alarms', key, config.alarmEmail);
  const alarm = alarmsOn(stack, topic);
  for (const { name, pattern, threshold } of securityAlarms(config)) {
    new logs.CfnMetricFilter(stack, `${name}-filter`, {
      filterName: name,
      logGroupName: group.logGroupName,
      filterPattern: pattern,
      metricTransformations: [{ metricNamespace: namespace, metricName: name, metricValue: '1' }],
    }).node.addDependency(group);
    alarm({ name, metric: metric(namespace, name, {}, 'Sum', 5), threshold });
  }
  return stack;
}

/** Leaves out the sessions of the roles that do the daily work. */
const exceptOurs = ({ workloadAccount }: Config) => ({
  field: 'userIdentity.arn',
  notStartsWith: (['service', 'fanout', 'dax'] as const).map(
    (role) => `arn:aws:sts::${workloadAccount}:assumed-role/${roleNames[role]}/`,
  ),
});

/**
 * Seven years of files. For their first year the lock keeps each from being changed or deleted, in governance mode: whoever has
 * `s3:BypassGovernanceRetention` in the audit account, and asks for it, is not held. After that
 * year a deletion still leaves a version for thirty days.
 */
function trailBucket(stack: Stack, config: Config, key: kms.IKey): s3.Bucket {
  const common = {
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.RETAIN,
  };
  const accessLogs = new s3.Bucket(stack, 'AccessLogs', {
    ...common,
    // S3 delivers access logs to buckets with its own encryption only.
    encryption: s3.BucketEncryption.S3_MANAGED,
    lifecycleRules: [{ expiration: Duration.days(365), noncurrentVersionExpiration: Duration.days(7) }],
  });
  const bucket = new s3.Bucket(stack, 'Files', {
    ...common,
    encryption: s3.BucketEncryption.KMS,
    encryptionKey: key,
    bucketKeyEnabled: true,
    objectLockEnabled: true,
    objectLockDefaultRetention: s3.ObjectLockRetention.governance(Duration.days(365)),
    serverAccessLogsBucket: accessLogs,
    serverAccessLogsPrefix: 'trail/',
    lifecycleRules: [
      {
        transitions: [{ storageClass: s3.StorageClass.GLACIER, transitionAfter: Duration.days(90) }],
        expiration: Duration.days(7 * 365),
        noncurrentVersionExpiration: Duration.days(30),
      },
    ],
  });
  const fromTrail = { StringEquals: { 'aws:SourceArn': trailArn(config) } };
  const cloudTrail = new iam.ServicePrincipal('cloudtrail.amazonaws.com');
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'TrailLooksFirst',
      principals: [cloudTrail],
      actions: ['s3:GetBucketAcl'],
      resources: [bucket.bucketArn],
      conditions: fromTrail,
    }),
  );
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'TrailWrites',
      principals: [cloudTrail],
      actions: ['s3:PutObject'],
      resources: [
        bucket.arnForObjects(`AWSLogs/${config.organization.managementAccount}/*`),
        bucket.arnForObjects(`AWSLogs/${config.organization.id}/*`),
      ],
      conditions: { StringEquals: { ...fromTrail.StringEquals, 's3:x-amz-acl': 'bucket-owner-full-control' } },
    }),
  );
  return bucket;
}
