/** The tables' own policies, and those of the two roles that read a table from outside the catalog: DAX and signed-in users. */
import type { InboxRowItem } from '../../../src/store/items.ts';
import { primaryKey } from '../../../src/table/schema.ts';
import type { Config } from '../config.ts';
import { roleArn, tableArn } from '../names.ts';
import { leadingKeys } from './rights.ts';
import { type Policy, policy, type Statement } from './statement.ts';

/** Every action that reads or writes items. Control actions are the organization's to restrict (`organization.ts`). */
export const dataActions = [
  'dynamodb:BatchGetItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:ConditionCheckItem',
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:PartiQLDelete',
  'dynamodb:PartiQLInsert',
  'dynamodb:PartiQLSelect',
  'dynamodb:PartiQLUpdate',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:Scan',
  'dynamodb:UpdateItem',
] as const;

/** The role DynamoDB itself writes replicas with; denying it breaks global tables. */
const replicationRole = (config: Config): string =>
  `arn:aws:iam::${config.workloadAccount}:role/aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication`;

/**
 * Denies every read and write that does not come through our endpoints. DAX calls from its own network, not through an
 * endpoint of ours, so on the main table its role is exempt; on the table of keys nobody but replication is.
 */
export function tablePolicy(config: Config, table: string, region: string, endpoints: readonly string[]): Policy {
  const arn = tableArn(config, table, region);
  const exempt = [replicationRole(config)];
  if (table === config.tableName) exempt.unshift(roleArn(config, 'dax'));
  return policy(
    {
      Sid: 'OnlyThroughOurEndpoints',
      Effect: 'Deny',
      Principal: '*',
      Action: dataActions,
      Resource: [arn, `${arn}/index/*`],
      Condition: {
        StringNotEquals: { 'aws:SourceVpce': endpoints },
        ArnNotEquals: { 'aws:PrincipalArn': exempt },
      },
    },
    {
      Sid: 'OnlyEncryptedConnections',
      Effect: 'Deny',
      Principal: '*',
      Action: dataActions,
      Resource: [arn, `${arn}/index/*`],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  );
}

/** DAX reads the log and nothing else: no writes, no index, no inbox, no keys. */
export const daxRights = (config: Config): Statement[] => [
  {
    Sid: 'ReadTheLog',
    Effect: 'Allow',
    Action: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'],
    Resource: tableArn(config, config.tableName),
    Condition: leadingKeys(['MSG#*']),
  },
  {
    Sid: 'LearnTheKeys',
    Effect: 'Allow',
    Action: 'dynamodb:DescribeTable',
    Resource: tableArn(config, config.tableName),
  },
];

/** What a signed-in user may read of their own inbox rows, beside the keys. */
const rowAttributes = [
  'inbox',
  'message_group_uuid',
  'kind',
  'title',
  'other_user_uuid',
  'other_user_display_name',
  'other_user_handle',
  'last_message',
  'last_message_at',
  'last_seq',
  'read_seq',
  'muted',
] as const satisfies readonly (keyof InboxRowItem)[];

/** The token's subject, which the identity pool puts on the session as the tag `user`. */
const ownPartition = `USR#${'$'}{aws:PrincipalTag/user}`;

/** A signed-in user's direct rights: their own partition, read only, named attributes only. Another's is another key. */
export const readerRights = (config: Config): Statement[] => [
  {
    Sid: 'ReadOwnPartition',
    Effect: 'Allow',
    Action: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'],
    Resource: [tableArn(config, config.tableName), `${tableArn(config, config.tableName)}/index/inbox`],
    Condition: {
      'ForAllValues:StringEquals': {
        'dynamodb:LeadingKeys': [ownPartition, `${ownPartition}#archive`],
        'dynamodb:Attributes': [...Object.values(primaryKey), ...rowAttributes],
      },
      Null: { 'dynamodb:LeadingKeys': 'false', 'dynamodb:Attributes': 'false' },
      StringEqualsIfExists: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
    },
  },
];

/** Rights to read the main table's stream, for the fan-out's event source. The feed is not an access pattern of the catalog. */
export const streamRights = (streamArn: string): Statement[] => [
  {
    Sid: 'ReadTheStream',
    Effect: 'Allow',
    Action: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
    Resource: streamArn,
  },
  // ListStreams takes no resource narrower than this.
  { Sid: 'FindTheStream', Effect: 'Allow', Action: 'dynamodb:ListStreams', Resource: '*' },
];

/** The streams of the main table, whatever the time stamp in their names. */
export const streamArns = (config: Config): string => `${tableArn(config, config.tableName)}/stream/*`;
