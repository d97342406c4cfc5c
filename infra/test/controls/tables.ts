/** Controls of the tables, their backups, and DAX. */
import { type Json, list } from '../support/templates.ts';
import { example } from '../support/variants.ts';
import { type Control, dropStatement, property, simulated } from './control.ts';

const table = 'AWS::DynamoDB::GlobalTable';
const dax = 'AWS::DAX::Cluster';
const main = (name: Json | undefined) => name === example.tableName;

const isReference = (value: Json | undefined): boolean => typeof value === 'object' && value !== null;

export const tableControls: readonly Control[] = [
  property({
    ids: ['DynamoDB.1'],
    practice: 'Capacity follows demand',
    type: table,
    count: 2,
    path: 'BillingMode',
    is: 'PAY_PER_REQUEST',
    broken: 'PROVISIONED',
  }),
  property({
    ids: ['Parley'],
    practice: 'On demand has a ceiling, so that a runaway client has one too',
    type: table,
    count: 2,
    path: 'WriteOnDemandThroughputSettings.MaxWriteRequestUnits',
    is: example.ceilings.write,
    broken: undefined,
  }),
  property({
    ids: ['DynamoDB.2', 'CT.DYNAMODB.PR.1'],
    practice: 'Tables can be restored to a point in time',
    type: table,
    count: 2,
    path: 'Replicas.0.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
    is: true,
    broken: false,
  }),
  property({
    ids: ['Parley'],
    practice: 'The table of keys is recoverable for one day only, so that an erased key is soon gone for good',
    type: table,
    which: 'the table of keys',
    where: ({ Properties }) => !main(Properties.TableName),
    path: 'Replicas.0.PointInTimeRecoverySpecification.RecoveryPeriodInDays',
    is: 1,
    broken: 35,
  }),
  property({
    ids: ['DynamoDB.6'],
    practice: 'Tables are protected from deletion',
    type: table,
    count: 2,
    path: 'Replicas.0.DeletionProtectionEnabled',
    is: true,
    broken: false,
  }),
  property({
    ids: ['CT.DYNAMODB.PR.2'],
    practice: 'Tables are encrypted with KMS',
    type: table,
    count: 2,
    path: 'SSESpecification',
    is: {
      says: '`SSEEnabled` with `SSEType` `KMS`',
      holds: (value) => JSON.stringify(value) === JSON.stringify({ SSEEnabled: true, SSEType: 'KMS' }),
    },
    broken: { SSEEnabled: false },
  }),
  property({
    ids: ['Parley'],
    practice: 'The key is our own, not Amazon’s',
    type: table,
    count: 2,
    path: 'Replicas.0.SSESpecification.KMSMasterKeyId',
    is: { says: 'the key of the stack `ParleyKeys`', holds: isReference },
    broken: undefined,
  }),
  property({
    ids: ['DynamoDB.5'],
    practice: 'Tables are tagged',
    type: table,
    count: 2,
    path: 'Replicas.0.Tags',
    is: {
      says: 'the tag `application`',
      holds: (tags) => list(tags).some((tag) => JSON.stringify(tag) === '{"Key":"application","Value":"parley"}'),
    },
    broken: [],
  }),
  property({
    ids: ['Parley'],
    practice: 'The stream carries old and new images to the fan-out',
    type: table,
    which: 'the main table',
    where: ({ Properties }) => main(Properties.TableName),
    path: 'StreamSpecification.StreamViewType',
    is: 'NEW_AND_OLD_IMAGES',
    broken: 'KEYS_ONLY',
  }),
  property({
    ids: ['Parley'],
    practice: 'Hot and throttled keys are visible',
    type: table,
    count: 2,
    path: 'Replicas.0.ContributorInsightsSpecification.Enabled',
    is: true,
    broken: false,
  }),
  {
    ids: ['Course', 'Parley'],
    practice: 'Data lies in allowed regions only',
    resource: `\`${table}\``,
    shownBy:
      'every replica’s region is among the allowed; a configuration that names another does not synthesise (`config.test.ts`)',
    mutation: 'a replica in `us-east-1`',
    check: (templates) =>
      Object.values(templates).flatMap(({ Resources }) =>
        Object.values(Resources)
          .filter(({ Type }) => Type === table)
          .flatMap(({ Properties }) => list(Properties.Replicas))
          .map((replica) => String((replica as { readonly Region: string }).Region))
          .filter((region) => !example.allowedRegions.includes(region)),
      ),
    mutate: (draft) => {
      const replicas = Object.values(draft).flatMap(({ Resources }) =>
        Object.values(Resources).filter(({ Type }) => Type === table),
      )[0]?.Properties.Replicas as Json[] | undefined;
      replicas?.push({ Region: 'us-east-1' });
    },
  },
  property({
    ids: ['DynamoDB.4', 'Backup.1'],
    practice: 'Tables are in a backup plan, in an encrypted vault',
    type: 'AWS::Backup::BackupVault',
    count: 2,
    path: 'EncryptionKeyArn',
    is: { says: 'our own key', holds: isReference },
    broken: undefined,
  }),
  property({
    ids: ['DynamoDB.4'],
    practice: 'Both tables are selected for backup',
    type: 'AWS::Backup::BackupSelection',
    count: 2,
    path: 'BackupSelection.Resources',
    is: { says: 'names a table', holds: (value) => list(value).length === 1 },
    broken: [],
  }),
  property({
    ids: ['Parley'],
    practice: 'Backups cannot be deleted before their time, by nobody (vault lock, compliance mode)',
    type: 'AWS::Backup::BackupVault',
    count: 2,
    path: 'LockConfiguration.ChangeableForDays',
    is: 3,
    broken: undefined,
  }),
  property({
    ids: ['DynamoDB.3', 'CT.DAX.PR.1'],
    practice: 'DAX is encrypted at rest',
    type: dax,
    path: 'SSESpecification.SSEEnabled',
    is: true,
    broken: false,
  }),
  property({
    ids: ['DynamoDB.7', 'CT.DAX.PR.3'],
    practice: 'DAX is encrypted in transit',
    type: dax,
    path: 'ClusterEndpointEncryptionType',
    is: 'TLS',
    broken: 'NONE',
  }),
  property({
    ids: ['CT.DAX.PR.2'],
    practice: 'DAX has nodes in three zones',
    type: dax,
    path: 'AvailabilityZones',
    is: { says: 'three different zones', holds: (zones) => new Set(list(zones).map(String)).size === 3 },
    broken: ['eu-central-1a'],
  }),
  property({
    ids: ['CT.DAX.PR.2'],
    practice: 'A DAX node for each of the three zones',
    type: dax,
    path: 'ReplicationFactor',
    is: 3,
    broken: 1,
  }),
  simulated(
    {
      ids: ['Course'],
      practice: 'DAX’s role only reads',
      resource: '`AWS::IAM::ManagedPolicy` of `parley-dax`',
      requests: [
        'DAX reads a page',
        'DAX writes',
        'DAX deletes',
        'DAX scans',
        'DAX reads an inbox row',
        'DAX reads a wrapped key',
      ],
      mutation: 'the statement `ReadTheLog` allows `dynamodb:*`',
    },
    (draft) => {
      widen(draft, 'ReadTheLog');
    },
  ),
  simulated(
    {
      ids: ['Course'],
      practice: 'DynamoDB is not reachable from the internet, nor from another VPC',
      resource: `resource policies of both \`${table}\``,
      requests: [
        'the service’s session, stolen, from the internet',
        'the service’s session, stolen, from another VPC',
        'the service’s session, stolen, reading keys from the internet',
        'an administrator scans from the internet',
        'a signed-in user from the internet',
        'an operator scans from on-premises through the interface endpoint',
        'DAX reads an entry',
        'DynamoDB replicates',
      ],
      mutation: 'the statement `OnlyThroughOurEndpoints` is removed',
    },
    (draft) => dropStatement(draft, table, 'OnlyThroughOurEndpoints'),
  ),
  simulated(
    {
      ids: ['Parley'],
      practice: 'DAX is exempt on the main table, or it would be dead',
      resource: `resource policy of the main \`${table}\``,
      requests: ['DAX reads an entry', 'DAX reads a page'],
      mutation: 'the exemption `ArnNotEquals` is removed',
    },
    (draft) => {
      for (const statement of statementsNamed(draft, 'OnlyThroughOurEndpoints'))
        delete (statement as { Condition: { ArnNotEquals?: Json } }).Condition.ArnNotEquals;
    },
  ),
  simulated(
    {
      ids: ['Parley'],
      practice: 'No connection without TLS',
      resource: `resource policies of both \`${table}\``,
      requests: ['the service over an unencrypted connection'],
      mutation: 'the statement `OnlyEncryptedConnections` is removed',
    },
    (draft) => dropStatement(draft, table, 'OnlyEncryptedConnections'),
  ),
];

/** Every statement of a name, wherever it stands. */
export function statementsNamed(draft: Readonly<Record<string, unknown>>, sid: string): object[] {
  const found: object[] = [];
  const visit = (inside: unknown): void => {
    if (typeof inside !== 'object' || inside === null) return;
    if ((inside as { Sid?: unknown }).Sid === sid) found.push(inside);
    for (const part of Object.values(inside)) visit(part);
  };
  visit(draft);
  if (found.length === 0) throw new Error(`no statement ${sid}`);
  return found;
}

/** Turns a statement into one that allows everything on DynamoDB and KMS, without conditions. */
export function widen(draft: Readonly<Record<string, unknown>>, sid: string): void {
  for (const statement of statementsNamed(draft, sid)) {
    Object.assign(statement, { Action: ['dynamodb:*', 'kms:*'], Resource: '*' });
    delete (statement as { Condition?: unknown }).Condition;
  }
}
