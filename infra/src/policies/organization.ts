/**
 * The organization's service control policies. They bind every principal of the workload account, administrators
 * included; they do not bind the management account, which therefore holds no data. Each is at most 5,120 bytes.
 */
import type { Config } from '../config.ts';
import { roleArn } from '../names.ts';
import { type Policy, policy } from './statement.ts';

/** AWS's limit for one policy, counted without the spaces that CloudFormation does not write. */
export const scpBytesMax = 5120;

/**
 * Changes go through CloudFormation: its execution role, and no person's, is exempt from what would otherwise be frozen. It is
 * known by the name that the CDK's bootstrap gives it, so nobody may make a role of such a name or change one that has it.
 */
const deployRole = 'arn:aws:iam::*:role/cdk-hnb659fds-cfn-exec-role-*';
const notTheDeployment = { ArnNotLike: { 'aws:PrincipalArn': [deployRole] } } as const;

/** Services that answer from one region for the whole account; a region rule must let them be. */
const globalServices = [
  'account:*',
  'artifact:*',
  'aws-portal:*',
  'budgets:*',
  'ce:*',
  'cloudfront:*',
  'directconnect:*',
  'health:*',
  'iam:*',
  'networkmanager:*',
  'organizations:*',
  'route53:*',
  'shield:*',
  'sts:*',
  'support:*',
  'tag:*',
  'trustedadvisor:*',
  'wafv2:*',
] as const;

/** Only the allowed regions. */
const regionPolicy = (config: Config): Policy =>
  policy({
    Sid: 'OnlyAllowedRegions',
    Effect: 'Deny',
    NotAction: globalServices,
    Resource: '*',
    Condition: { StringNotEquals: { 'aws:RequestedRegion': config.allowedRegions } },
  });

/** The tables, their backups and their keys cannot be deleted or weakened, nor copied out. */
const dataPolicy = (config: Config): Policy => {
  const tables = `arn:aws:dynamodb:*:${config.workloadAccount}:table/${config.tableName}*`;
  return policy(
    {
      Sid: 'NeverDeleted',
      Effect: 'Deny',
      Action: ['dynamodb:DeleteTable', 'dynamodb:DeleteTableReplica', 'dynamodb:DeleteBackup'],
      Resource: [tables, `${tables}/backup/*`],
    },
    {
      Sid: 'NeverWeakened',
      Effect: 'Deny',
      Action: [
        'dynamodb:DeleteResourcePolicy',
        'dynamodb:DisableKinesisStreamingDestination',
        'dynamodb:EnableKinesisStreamingDestination',
        'dynamodb:PutResourcePolicy',
        'dynamodb:UpdateContinuousBackups',
        'dynamodb:UpdateContributorInsights',
        'dynamodb:UpdateTable',
        'dynamodb:UpdateTimeToLive',
      ],
      Resource: [tables, `${tables}/stream/*`],
      Condition: notTheDeployment,
    },
    {
      Sid: 'NeverExported',
      Effect: 'Deny',
      Action: ['dynamodb:ExportTableToPointInTime'],
      Resource: tables,
    },
    {
      Sid: 'KeysAreKept',
      Effect: 'Deny',
      Action: ['kms:DeleteImportedKeyMaterial', 'kms:DisableKey', 'kms:DisableKeyRotation', 'kms:ScheduleKeyDeletion'],
      Resource: '*',
    },
    {
      // A copy of a key in another region wraps and unwraps like the key itself, under whatever policy its maker gives it.
      Sid: 'KeyPoliciesAreKept',
      Effect: 'Deny',
      Action: ['kms:PutKeyPolicy', 'kms:ReplicateKey', 'kms:UpdatePrimaryRegion'],
      Resource: '*',
      Condition: notTheDeployment,
    },
    {
      Sid: 'KeysAreLentToServicesOnly',
      Effect: 'Deny',
      Action: 'kms:CreateGrant',
      Resource: '*',
      // DynamoDB, Backup and Lambda make grants for what they store; a person asking directly does not. The key belongs to grants
      // alone: on another action it is never there, and a condition on it would never hold.
      Condition: { ...notTheDeployment, BoolIfExists: { 'kms:GrantIsForAWSResource': 'false' } },
    },
    {
      Sid: 'BackupsAreKept',
      Effect: 'Deny',
      Action: [
        'backup:DeleteBackupPlan',
        'backup:DeleteBackupSelection',
        'backup:DeleteBackupVault',
        'backup:DeleteBackupVaultLockConfiguration',
        'backup:DeleteRecoveryPoint',
        'backup:PutBackupVaultAccessPolicy',
        'backup:StartCopyJob',
        'backup:UpdateRecoveryPointLifecycle',
      ],
      Resource: '*',
      Condition: notTheDeployment,
    },
  );
};

/** The watch cannot be put to sleep, and the network stays without a way to the internet unless the deployment makes one. */
const watchPolicy = (config: Config): Policy =>
  policy(
    {
      Sid: 'WatchStaysAwake',
      Effect: 'Deny',
      Action: [
        'cloudtrail:DeleteTrail',
        'cloudtrail:PutEventSelectors',
        'cloudtrail:StopLogging',
        'cloudtrail:UpdateTrail',
        'cloudwatch:DeleteAlarms',
        'cloudwatch:DisableAlarmActions',
        'cloudwatch:PutMetricAlarm',
        'config:DeleteConfigRule',
        'config:DeleteConfigurationRecorder',
        'config:DeleteDeliveryChannel',
        'config:StopConfigurationRecorder',
        'ec2:DeleteFlowLogs',
        'events:DeleteRule',
        'events:DisableRule',
        'events:RemoveTargets',
        'lambda:DeleteEventSourceMapping',
        'logs:DeleteLogGroup',
        'logs:DeleteLogStream',
        'logs:DeleteMetricFilter',
        'logs:DeleteRetentionPolicy',
        'logs:PutRetentionPolicy',
        'organizations:LeaveOrganization',
        'sns:DeleteTopic',
        'sns:SetTopicAttributes',
        'sns:Unsubscribe',
      ],
      Resource: '*',
      Condition: notTheDeployment,
    },
    {
      Sid: 'NoWayToTheInternet',
      Effect: 'Deny',
      Action: [
        'ec2:AttachInternetGateway',
        'ec2:CreateEgressOnlyInternetGateway',
        'ec2:CreateInternetGateway',
        'ec2:CreateNatGateway',
      ],
      Resource: '*',
      ...(config.exposure === 'public' && { Condition: notTheDeployment }),
    },
    {
      Sid: 'EndpointsStayClosed',
      Effect: 'Deny',
      Action: ['ec2:DeleteVpcEndpoints', 'ec2:ModifyVpcEndpoint'],
      Resource: '*',
      Condition: notTheDeployment,
    },
  );

/** All that makes a role, says who may be it, or what it may do. */
const roleChanges = [
  'iam:AttachRolePolicy',
  'iam:CreateRole',
  'iam:DeleteRole',
  'iam:DeleteRolePermissionsBoundary',
  'iam:DeleteRolePolicy',
  'iam:DetachRolePolicy',
  'iam:PutRolePermissionsBoundary',
  'iam:PutRolePolicy',
  'iam:UpdateAssumeRolePolicy',
] as const;

/** Roles, never users: no user and no key that lasts can be made, and one that exists reaches nothing of ours. */
const identityPolicy = (config: Config): Policy =>
  policy(
    {
      Sid: 'NoUsersNoLongLivedKeys',
      Effect: 'Deny',
      Action: [
        'iam:CreateAccessKey',
        'iam:CreateGroup',
        'iam:CreateLoginProfile',
        'iam:CreateServiceSpecificCredential',
        'iam:CreateUser',
        'iam:UpdateAccessKey',
        'iam:UploadSSHPublicKey',
        'iam:UploadSigningCertificate',
      ],
      Resource: '*',
    },
    {
      Sid: 'UsersAndRootReachNoData',
      Effect: 'Deny',
      Action: ['cognito-idp:*', 'dax:*', 'dynamodb:*', 'elasticache:*', 'kms:*'],
      Resource: '*',
      Condition: { ArnLike: { 'aws:PrincipalArn': ['arn:aws:iam::*:user/*', 'arn:aws:iam::*:root'] } },
    },
    {
      Sid: 'RolesOfTheSystemAreFixed',
      Effect: 'Deny',
      Action: roleChanges,
      Resource: `arn:aws:iam::${config.workloadAccount}:role/parley-*`,
      Condition: notTheDeployment,
    },
    {
      // Their rights are policies of their own, and a new version of one is as good as a change to the role.
      Sid: 'RightsOfTheSystemAreFixed',
      Effect: 'Deny',
      Action: [
        'iam:CreatePolicy',
        'iam:CreatePolicyVersion',
        'iam:DeletePolicy',
        'iam:DeletePolicyVersion',
        'iam:SetDefaultPolicyVersion',
      ],
      Resource: `arn:aws:iam::${config.workloadAccount}:policy/parley-*`,
      Condition: notTheDeployment,
    },
    {
      // A task or a function of one's own that runs as one of these does what it may. Operators' tasks run as the other, by their own
      // definition (docs/DEPLOY.md).
      Sid: 'RolesOfTheSystemAreNotLent',
      Effect: 'Deny',
      Action: 'iam:PassRole',
      Resource: (['service', 'fanout', 'provision', 'dax', 'reader'] as const).map((role) => roleArn(config, role)),
      Condition: notTheDeployment,
    },
    {
      // To nobody's exception: who could make or change what is exempt would be exempt. A path before a name is caught as well.
      Sid: 'DeploymentRolesAreFixed',
      Effect: 'Deny',
      Action: roleChanges,
      Resource: 'arn:aws:iam::*:role/cdk-*',
    },
  );

/** All of them, by the name each has in the organization. */
export const controlPolicies = (config: Config): { readonly [name: string]: Policy } => ({
  'parley-regions': regionPolicy(config),
  'parley-data': dataPolicy(config),
  'parley-watch': watchPolicy(config),
  'parley-identity': identityPolicy(config),
});
