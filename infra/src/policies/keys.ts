/** The policies of the customer-managed keys, and the rights to the key that wraps data keys. */
import type { Config } from '../config.ts';
import { keysTableName, roleArn, trailName } from '../names.ts';
import { type Policy, policy, type Statement } from './statement.ts';

const root = (config: Config) => ({ AWS: `arn:aws:iam::${config.workloadAccount}:root` });

/** Administration without use: whoever administers a key by these rights reads nothing with it. */
const administration = (config: Config): Statement => ({
  Sid: 'AdministerWithoutUse',
  Effect: 'Allow',
  Principal: root(config),
  Action: [
    'kms:CancelKeyDeletion',
    'kms:Create*',
    'kms:Delete*',
    'kms:Describe*',
    'kms:Disable*',
    'kms:Enable*',
    'kms:Get*',
    'kms:List*',
    'kms:Put*',
    'kms:ReplicateKey',
    'kms:Revoke*',
    'kms:RotateKeyOnDemand',
    'kms:ScheduleKeyDeletion',
    'kms:TagResource',
    'kms:UntagResource',
    'kms:Update*',
  ],
  Resource: '*',
});

/** Usable through DynamoDB (and its backups) by principals of this account, and in no other way. */
export const tablesKeyPolicy = (config: Config, region: string): Policy =>
  policy(administration(config), {
    Sid: 'ThroughDynamoDBOnly',
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: [
      'kms:CreateGrant',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey*',
      'kms:ReEncrypt*',
    ],
    Resource: '*',
    Condition: {
      StringEquals: {
        'kms:CallerAccount': config.workloadAccount,
        'kms:ViaService': [
          `backup.${region}.amazonaws.com`,
          `dax.${region}.amazonaws.com`,
          `dynamodb.${region}.amazonaws.com`,
          `elasticache.${region}.amazonaws.com`,
        ],
      },
    },
  });

/** What a keyring does with the key that wraps data keys (`src/crypto/kms-wrapper.ts`). */
const wrapActions = ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'] as const;

/** Two roles wrap and unwrap, always under an encryption context that names our table of keys; everybody else is denied. */
export const messagesKeyPolicy = (config: Config): Policy =>
  policy(
    administration(config),
    {
      Sid: 'WrapForOurTable',
      Effect: 'Allow',
      Principal: root(config),
      Action: wrapActions,
      Resource: '*',
      Condition: { ArnEquals: { 'aws:PrincipalArn': [roleArn(config, 'service'), roleArn(config, 'lifecycle')] } },
    },
    {
      Sid: 'NobodyElseUnwraps',
      Effect: 'Deny',
      Principal: '*',
      Action: [...wrapActions, 'kms:CreateGrant', 'kms:Encrypt', 'kms:GenerateDataKeyWithoutPlaintext'],
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': [roleArn(config, 'service'), roleArn(config, 'lifecycle')] } },
    },
    {
      Sid: 'OnlyInOurContext',
      Effect: 'Deny',
      Principal: '*',
      Action: wrapActions,
      Resource: '*',
      Condition: { StringNotEquals: { 'kms:EncryptionContext:table': keysTableName(config) } },
    },
  );

/**
 * The identity half of the right to wrap and unwrap. Only life-cycle tasks wrap anew. All keys in use are for all of it: while one
 * takes another's place, some tasks wrap under the one and some under the other.
 */
export const wrapRights = (config: Config, role: 'service' | 'lifecycle', keyArns: readonly string[]): Statement => ({
  Sid: 'WrapDataKeys',
  Effect: 'Allow',
  Action: role === 'lifecycle' ? wrapActions : ['kms:Decrypt', 'kms:GenerateDataKey'],
  Resource: keyArns,
  Condition: { StringEquals: { 'kms:EncryptionContext:table': keysTableName(config) } },
});

/** Logs, queues, topics and alarms: the services that write to them encrypt with this key for this account. */
export const logsKeyPolicy = (config: Config, account: string, region: string): Policy =>
  policy(
    {
      Sid: 'Administer',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
    {
      Sid: 'LogGroups',
      Effect: 'Allow',
      Principal: { Service: `logs.${region}.amazonaws.com` },
      Action: ['kms:Decrypt', 'kms:Describe*', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      Resource: '*',
      Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:aws:logs:${region}:${account}:*` } },
    },
    {
      Sid: 'Alarms',
      Effect: 'Allow',
      Principal: {
        Service: [
          'cloudwatch.amazonaws.com',
          'costalerts.amazonaws.com',
          'backup.amazonaws.com',
          'config.amazonaws.com',
        ],
      },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': account } },
    },
    {
      Sid: 'Trail',
      Effect: 'Allow',
      Principal: { Service: 'cloudtrail.amazonaws.com' },
      Action: ['kms:DescribeKey', 'kms:GenerateDataKey*'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceArn': trailArn(config) } },
    },
  );

/**
 * The organization's trail, as CloudTrail names itself when it writes. Also when a delegated administrator makes it, it is the
 * management account that owns it.
 */
export const trailArn = (config: Config): string =>
  `arn:aws:cloudtrail:${config.region}:${config.organization.managementAccount}:trail/${trailName}`;
