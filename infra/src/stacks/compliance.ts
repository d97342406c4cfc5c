/** AWS Config in one region: a recorder, where it delivers to, and the rules that keep looking after the deployment is done. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as awsConfig from 'aws-cdk-lib/aws-config';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { ownTag, parleyStack } from './stack.ts';

/** Managed rules by identifier. Synthesis does not check these names; a test compares them with the CDK's list. */
export const managedRules = [
  'DYNAMODB_PITR_ENABLED',
  'DYNAMODB_TABLE_ENCRYPTED_KMS',
  'DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED',
  'DYNAMODB_IN_BACKUP_PLAN',
  'DYNAMODB_AUTOSCALING_ENABLED',
  'DAX_ENCRYPTION_ENABLED',
  'CLOUD_TRAIL_ENABLED',
  'CMK_BACKING_KEY_ROTATION_ENABLED',
  'KMS_CMK_NOT_SCHEDULED_FOR_DELETION',
  'IAM_USER_NO_POLICIES_CHECK',
  'IAM_ROOT_ACCESS_KEY_CHECK',
  'IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS',
  'VPC_DEFAULT_SECURITY_GROUP_CLOSED',
  'VPC_FLOW_LOGS_ENABLED',
  'LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED',
  'LAMBDA_INSIDE_VPC',
] as const;

/**
 * Rules that look at what is ours alone. The CDK's own function, which closes the default security group in a deployment, calls EC2
 * and runs outside the VPC; a rule that could never be compliant would teach everybody to look away.
 */
const oursAlone: ReadonlySet<string> = new Set(['LAMBDA_INSIDE_VPC']);

export function complianceStack(scope: Construct, config: Config, region: string, key: kms.IKey): Stack {
  const account = config.workloadAccount;
  const stack = parleyStack(scope, `ParleyCompliance-${region}`, { account, region }, 'Parley: AWS Config');
  const bucket = new s3.Bucket(stack, 'History', {
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    encryption: s3.BucketEncryption.KMS,
    encryptionKey: key,
    bucketKeyEnabled: true,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [{ expiration: Duration.days(7 * 365), noncurrentVersionExpiration: Duration.days(30) }],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const service = new iam.ServicePrincipal('config.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': account } },
  });
  for (const [action, resource] of [
    ['s3:GetBucketAcl', bucket.bucketArn],
    ['s3:ListBucket', bucket.bucketArn],
    ['s3:PutObject', bucket.arnForObjects(`AWSLogs/${account}/Config/*`)],
  ] as const)
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({ principals: [service], actions: [action], resources: [resource] }),
    );
  // Roles are global: one of the same name for every region would collide.
  const linkedRole = `arn:aws:iam::${account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig`;
  const recorder = new awsConfig.CfnConfigurationRecorder(stack, 'Recorder', {
    name: 'default',
    roleArn: linkedRole,
    recordingGroup: { allSupported: true, includeGlobalResourceTypes: region === config.region },
    recordingMode: { recordingFrequency: 'CONTINUOUS' },
  });
  const channel = new awsConfig.CfnDeliveryChannel(stack, 'Channel', {
    name: 'default',
    s3BucketName: bucket.bucketName,
    s3KmsKeyArn: key.keyArn,
    configSnapshotDeliveryProperties: { deliveryFrequency: 'TwentyFour_Hours' },
  });
  for (const identifier of managedRules) {
    const rule = new awsConfig.CfnConfigRule(stack, identifier, {
      configRuleName: `parley-${identifier.toLowerCase().replaceAll('_', '-')}`,
      source: { owner: 'AWS', sourceIdentifier: identifier },
      ...(oursAlone.has(identifier) && { scope: { tagKey: ownTag.key, tagValue: ownTag.value } }),
    });
    rule.node.addDependency(recorder, channel);
  }
  return stack;
}
