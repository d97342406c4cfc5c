/** Controls of what is recorded, watched and forbidden by the organization. */
import { scpBytesMax } from '../../src/policies/organization.ts';
import { managedRules } from '../../src/stacks/compliance.ts';
import { at, type Json, list, resourcesOf } from '../support/templates.ts';
import {
  addResource,
  type Control,
  dropStatement,
  first,
  property,
  put,
  removeResource,
  simulated,
} from './control.ts';

const trail = 'AWS::CloudTrail::Trail';
const alarm = 'AWS::CloudWatch::Alarm';
const filter = 'AWS::Logs::MetricFilter';
const scp = 'AWS::Organizations::Policy';

/** An alarm in the audit account, with the filter that feeds it. */
const securityAlarm = (ids: readonly string[], practice: string, name: string, words: readonly string[]): Control => ({
  ids,
  practice,
  resource: `\`${filter}\` and \`${alarm}\` named \`${name}\``,
  shownBy: `the filter names ${words.map((word) => `\`${word}\``).join(', ')}; the alarm watches its metric and tells the topic`,
  mutation: 'the filter is removed',
  check: (templates) => {
    const found = resourcesOf(templates, filter).filter(({ Properties }) => Properties.FilterName === name);
    const alarms = resourcesOf(templates, alarm).filter(({ Properties }) => Properties.AlarmName === name);
    const pattern = String(found[0]?.Properties.FilterPattern ?? '');
    return [
      ...(found.length === 1 ? [] : ['no filter']),
      ...words.filter((word) => !pattern.includes(word)),
      ...(pattern.length <= 1024 ? [] : ['a filter pattern takes 1,024 characters']),
      ...(alarms[0]?.Properties.MetricName === name && list(alarms[0]?.Properties.AlarmActions).length === 1
        ? []
        : ['no alarm with an action on its metric']),
    ];
  },
  mutate: (draft) =>
    removeResource(
      draft,
      first(draft, filter, ({ Properties }) => Properties.FilterName === name),
    ),
});

/** An alarm that must be there, told to somebody. */
const operationalAlarm = (practice: string, name: string): Control =>
  property({
    ids: ['Parley'],
    practice,
    type: alarm,
    which: `\`${name}\``,
    where: ({ Properties }) => Properties.AlarmName === name,
    path: 'AlarmActions',
    is: { says: 'a topic is told', holds: (value) => list(value).length === 1 },
    broken: [],
  });

const forbids = (
  practice: string,
  sid: string,
  requests: readonly string[],
  ids: readonly string[] = ['Course'],
): Control =>
  simulated(
    { ids, practice, resource: `\`${scp}\``, requests, mutation: `the statement \`${sid}\` is removed` },
    (draft) => dropStatement(draft, scp, sid),
  );

export const watchControls: readonly Control[] = [
  property({
    ids: ['CloudTrail.1', 'CloudTrail.3', 'CIS 3.1'],
    practice: 'A trail of every region',
    type: trail,
    path: 'IsMultiRegionTrail',
    is: true,
    broken: false,
  }),
  property({
    ids: ['Course'],
    practice: 'The trail is the organization’s',
    type: trail,
    path: 'IsOrganizationTrail',
    is: true,
    broken: false,
  }),
  property({
    ids: ['CloudTrail.3'],
    practice: 'The trail is on',
    type: trail,
    path: 'IsLogging',
    is: true,
    broken: false,
  }),
  property({
    ids: ['CloudTrail.2', 'CIS 3.5'],
    practice: 'The trail is encrypted with our own key',
    type: trail,
    path: 'KMSKeyId',
    is: { says: 'our own key', holds: (value) => typeof value === 'object' },
    broken: undefined,
  }),
  property({
    ids: ['CloudTrail.4', 'CIS 3.2'],
    practice: 'The trail’s files can be verified',
    type: trail,
    path: 'EnableLogFileValidation',
    is: true,
    broken: false,
  }),
  property({
    ids: ['CloudTrail.5'],
    practice: 'The trail reaches CloudWatch Logs',
    type: trail,
    path: 'CloudWatchLogsLogGroupArn',
    is: { says: 'a log group', holds: (value) => value !== undefined },
    broken: undefined,
  }),
  property({
    ids: ['CloudTrail.9'],
    practice: 'The trail is tagged',
    type: trail,
    path: 'Tags',
    is: { says: 'the tag `application`', holds: (value) => JSON.stringify(value ?? '').includes('"application"') },
    broken: undefined,
  }),
  property({
    ids: ['Course'],
    practice: 'Every read and write of the tables and the stream is recorded',
    type: trail,
    path: 'AdvancedEventSelectors',
    is: {
      says: 'data events of `AWS::DynamoDB::Table` and `AWS::DynamoDB::Stream`, with both tables',
      holds: (value) => {
        const words = JSON.stringify(value ?? '');
        return ['AWS::DynamoDB::Table', 'AWS::DynamoDB::Stream', ':table/parley"', ':table/parley-keys"'].every(
          (word) => words.includes(word),
        );
      },
    },
    broken: [],
  }),
  property({
    ids: ['CloudTrail.6', 'S3.1', 'S3.8'],
    practice: 'No bucket is public',
    type: 'AWS::S3::Bucket',
    count: 4,
    path: 'PublicAccessBlockConfiguration',
    is: {
      says: 'all four public ways blocked',
      holds: (value) =>
        ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'].every(
          (way) => at(value, way) === true,
        ),
    },
    broken: { BlockPublicAcls: false },
  }),
  property({
    ids: ['CloudTrail.7', 'CIS 3.4'],
    practice: 'Reads of the trail’s bucket are logged',
    type: 'AWS::S3::Bucket',
    which: 'with object lock',
    where: ({ Properties }) => Properties.ObjectLockEnabled === true,
    path: 'LoggingConfiguration.DestinationBucketName',
    is: { says: 'a bucket of logs', holds: (value) => value !== undefined },
    broken: undefined,
  }),
  property({
    ids: ['Parley'],
    practice: 'The trail’s files cannot be changed for a year',
    type: 'AWS::S3::Bucket',
    which: 'of the trail',
    where: ({ stack, id }) => stack === 'ParleyTrail' && id.startsWith('Files'),
    path: 'ObjectLockEnabled',
    is: true,
    broken: undefined,
  }),
  {
    ids: ['S3.5'],
    practice: 'Buckets take no connection without TLS',
    resource: '`AWS::S3::BucketPolicy`',
    shownBy: 'every bucket has a policy that denies `aws:SecureTransport` = `false`',
    mutation: 'a bucket without a policy',
    check: (templates) => {
      const guarded = resourcesOf(templates, 'AWS::S3::BucketPolicy').filter(({ Properties }) =>
        JSON.stringify(Properties).includes('"aws:SecureTransport":"false"'),
      ).length;
      const buckets = resourcesOf(templates, 'AWS::S3::Bucket').length;
      return guarded === buckets && buckets >= 4 ? [] : [`${guarded} of ${buckets}`];
    },
    mutate: (draft) => addResource(draft, 'ParleyTrail', 'Open', 'AWS::S3::Bucket'),
  },
  securityAlarm(['Course'], 'A deletion is noticed', 'parley-security-table-deleted', ['DeleteTable', 'DeleteBackup']),
  securityAlarm(['Course'], 'A protection that is switched off is noticed', 'parley-security-protection-disabled', [
    'deletionProtectionEnabled IS FALSE',
    'pointInTimeRecoveryEnabled IS FALSE',
    'DeleteResourcePolicy',
  ]),
  securityAlarm(['Course'], 'An export is noticed', 'parley-security-export', [
    'ExportTableToPointInTime',
    'RestoreTableToPointInTime',
  ]),
  securityAlarm(['Course'], 'A scan is noticed, whoever makes it', 'parley-security-unusual-scan', [
    'Scan',
    'ExecuteStatement',
  ]),
  securityAlarm(['Course'], 'Somebody else at the tables is noticed', 'parley-security-unusual-principal', [
    'parley-service',
    'parley-fanout',
    'parley-dax',
  ]),
  securityAlarm(['CIS 4.1'], 'A burst of refusals is noticed', 'parley-security-denied-burst', [
    'AccessDenied',
    'UnauthorizedOperation',
  ]),
  securityAlarm(['Course'], 'A call past the endpoint is noticed', 'parley-security-endpoint-skipped', [
    'vpcEndpointId NOT EXISTS',
    'role/parley-fanout") || (($.eventName != "GetRecords")',
  ]),
  securityAlarm(['CIS 4.7'], 'A key that is disabled is noticed', 'parley-security-key-disabled', [
    'DisableKey',
    'ScheduleKeyDeletion',
    'ReplicateKey',
  ]),
  securityAlarm(['CIS 4.5', 'CIS 4.9'], 'A watch that is put to sleep is noticed', 'parley-security-watch-disabled', [
    'StopLogging',
    'StopConfigurationRecorder',
    'DeleteLogStream',
    'DeleteMetricFilter',
  ]),
  securityAlarm(
    ['CIS 4.12', 'CIS 4.13', 'CIS 4.14'],
    'A changed network is noticed',
    'parley-security-network-changed',
    ['CreateInternetGateway', 'CreateRoute', 'ModifyVpcEndpoint'],
  ),
  securityAlarm(['CIS 4.4'], 'Changed identities are noticed', 'parley-security-identity-changed', [
    'CreateUser',
    'CreateRole',
    'PutRolePolicy',
  ]),
  securityAlarm(['Parley'], 'A task that somebody runs by hand is noticed', 'parley-security-task-run', [
    'RunTask',
    'ExecuteCommand',
    'parley-scheduler',
  ]),
  securityAlarm(['CIS 4.3'], 'The root user is noticed', 'parley-security-root-used', ['"Root"']),
  securityAlarm(['CIS 4.15'], 'Changed policies of the organization are noticed', 'parley-security-policies-changed', [
    'DetachPolicy',
    'LeaveOrganization',
  ]),
  ...(
    [
      ['Throttled reads and writes are noticed', 'parley-throttled-writes-main'],
      ['A throttled index is noticed', 'parley-throttled-writes-inbox'],
      ['Conflicts are noticed', 'parley-conflicts'],
      ['A slow table is noticed', 'parley-table-p99-putitem'],
      ['A slow service is noticed', 'parley-api-p99'],
      ['Requests that no task answers are noticed', 'parley-balancer-errors'],
      ['An erasure that fails is noticed', 'parley-erasures-failed'],
      ['A fan-out that lags is noticed', 'parley-iterator-age'],
      ['A fan-out that fails is noticed', 'parley-fanout-errors'],
      ['Dead letters are noticed', 'parley-fanout-dead-letters'],
      ['A fan-out that is not called is noticed', 'parley-fanout-silent'],
      ['Erasures that are not tried are noticed', 'parley-erasures-not-tried'],
      ['Tasks that fall over are noticed', 'parley-api-tasks-stopped'],
      ['A cache that cannot be reached is noticed', 'parley-cache-away'],
      ['A key service that cannot be reached is noticed', 'parley-key-service-away'],
      ['Somebody who may not sign in to the cache is noticed', 'parley-cache-sign-in-refused'],
      ['A connection to the cache that was not signed in again is noticed', 'parley-cache-sign-in-expired'],
      ['A failed backup is noticed', 'parley-backup-failed'],
      ['A tunnel that is down is noticed', 'parley-vpn-down'],
    ] as const
  ).map(([practice, name]) => operationalAlarm(practice, name)),
  property({
    ids: ['Parley'],
    practice: 'Cost that nobody expected is noticed',
    type: 'AWS::CE::AnomalySubscription',
    path: 'Frequency',
    is: 'IMMEDIATE',
    broken: 'WEEKLY',
  }),
  property({
    ids: ['SNS.1'],
    practice: 'Alarms travel encrypted',
    type: 'AWS::SNS::Topic',
    count: 2,
    path: 'KmsMasterKeyId',
    is: { says: 'our own key', holds: (value) => typeof value === 'object' },
    broken: undefined,
  }),
  property({
    ids: ['Parley'],
    practice: 'Logs are encrypted with our own key',
    type: 'AWS::Logs::LogGroup',
    count: 8,
    path: 'KmsKeyId',
    is: { says: 'our own key', holds: (value) => typeof value === 'object' },
    broken: undefined,
  }),
  property({
    ids: ['Parley'],
    practice: 'Logs have an end',
    type: 'AWS::Logs::LogGroup',
    count: 8,
    path: 'RetentionInDays',
    is: { says: 'a number of days', holds: (value) => Number(value) > 0 },
    broken: undefined,
  }),
  property({
    ids: ['Course', 'Config.1', 'CIS 3.3'],
    practice: 'Config records everything, in every region we are in',
    type: 'AWS::Config::ConfigurationRecorder',
    path: 'RecordingGroup.AllSupported',
    is: true,
    broken: false,
  }),
  property({
    ids: ['Config.1'],
    practice: 'Config delivers what it records',
    type: 'AWS::Config::DeliveryChannel',
    path: 'S3BucketName',
    is: { says: 'a bucket', holds: (value) => value !== undefined },
    broken: undefined,
  }),
  ...managedRules.map(
    (identifier): Control => ({
      ids: ['Course', identifier],
      practice: 'Config keeps looking',
      resource: '`AWS::Config::ConfigRule`',
      shownBy: `a rule of \`${identifier}\``,
      mutation: 'it is removed',
      check: (templates) =>
        resourcesOf(templates, 'AWS::Config::ConfigRule').some(
          ({ Properties }) => at(Properties, 'Source.SourceIdentifier') === identifier,
        )
          ? []
          : [identifier],
      mutate: (draft) =>
        removeResource(
          draft,
          first(
            draft,
            'AWS::Config::ConfigRule',
            ({ Properties }) => at(Properties, 'Source.SourceIdentifier') === identifier,
          ),
        ),
    }),
  ),
  forbids('The organization forbids other regions', 'OnlyAllowedRegions', [
    'an administrator creates a table in a region that is not allowed',
    'the service in a region that is not allowed',
    'an administrator creates a table in an allowed region',
    'an administrator lists roles, which are global',
  ]),
  forbids('The organization forbids deletion, also to the deployment', 'NeverDeleted', [
    'an administrator deletes the table',
    'the deployment deletes the table',
  ]),
  forbids('The organization forbids weakening; changes go through the deployment', 'NeverWeakened', [
    'an administrator switches off recovery',
    'an administrator switches off deletion protection',
    'an administrator takes off the table’s policy',
    'the deployment changes the table',
    'a role with a name like the deployment’s changes the table',
  ]),
  forbids('The organization forbids exports', 'NeverExported', ['an administrator exports the table']),
  forbids('The organization keeps keys', 'KeysAreKept', ['an administrator schedules the deletion of the key']),
  forbids('The organization keeps the keys’ policies', 'KeyPoliciesAreKept', [
    'an administrator rewrites the key’s policy',
    'an administrator rewrites the policy of the table’s key',
    'the deployment rewrites the key’s policy',
    'an administrator copies the key to another region, under a policy of their own',
    'the deployment copies the key to another region',
  ]),
  forbids('The organization lends keys to services only', 'KeysAreLentToServicesOnly', [
    'an administrator lends the table’s key by a grant',
    'an administrator lends the table’s key by a grant, and nothing says for what',
    'DynamoDB makes itself a grant of the table’s key when an administrator makes a table',
  ]),
  forbids('The organization keeps backups', 'BackupsAreKept', [
    'an administrator deletes a recovery point',
    'an administrator copies a backup to another vault',
  ]),
  forbids('The organization keeps the watch awake', 'WatchStaysAwake', [
    'an administrator stops the trail',
    'an administrator stops the recorder',
    'an administrator silences an alarm',
    'an administrator shortens how long logs are kept',
    'an administrator deletes a log’s stream',
    'an administrator stops counting what rings',
    'an administrator rewrites an alarm',
    'an administrator takes the operators off an alarm’s topic',
    'an administrator stops noting erasures that fail',
    'the deployment changes how long logs are kept',
  ]),
  forbids('The organization keeps the network closed', 'NoWayToTheInternet', [
    'an administrator opens the VPC to the internet',
  ]),
  forbids('The organization keeps the endpoints closed', 'EndpointsStayClosed', ['an administrator opens an endpoint']),
  forbids(
    'The organization forbids users and keys that last',
    'NoUsersNoLongLivedKeys',
    ['an administrator makes an IAM user', 'an administrator makes an access key'],
    ['Course', 'IAM.3'],
  ),
  forbids(
    'An IAM user that is there all the same reaches nothing',
    'UsersAndRootReachNoData',
    ['the key of an IAM user with every right', 'the key of an IAM user, on the wrapping key'],
    ['Course', 'IAM.4'],
  ),
  forbids('The organization keeps our roles as they are', 'RolesOfTheSystemAreFixed', [
    'an administrator adds rights to the fan-out',
    'the deployment changes a role',
  ]),
  forbids('The organization keeps our roles’ rights as they are', 'RightsOfTheSystemAreFixed', [
    'an administrator changes the rights of the fan-out: CreatePolicyVersion',
    'an administrator changes the rights of the fan-out: SetDefaultPolicyVersion',
    'an administrator changes the rights of the fan-out: DeletePolicy',
    'the deployment changes the rights of the fan-out',
  ]),
  forbids(
    'The organization has our roles run what the deployment made, and nothing else',
    'RolesOfTheSystemAreNotLent',
    [
      'an administrator runs something of their own as the role service',
      'an administrator runs something of their own as the role fanout',
      'an administrator runs something of their own as the role lifecycle',
      'the deployment has tasks run as the role service',
    ],
  ),
  forbids('Nobody becomes the deployment, whom the organization’s rules exempt', 'DeploymentRolesAreFixed', [
    'an administrator makes a role that is named like the deployment’s',
    'an administrator makes a role under a path that is named like the deployment’s',
    'an administrator lets themselves be the deployment',
    'an administrator adds rights to the deployment',
    'the deployment lets others be the deployment',
    'an administrator makes a role of another name',
  ]),
  property({
    ids: ['Parley'],
    practice: 'Policies of the organization are attached to the workload and fit in what Organizations takes',
    type: scp,
    count: 4,
    path: 'Content',
    is: {
      says: `at most ${scpBytesMax.toLocaleString('en')} bytes`,
      holds: (content) => Buffer.byteLength(JSON.stringify(content ?? '')) <= scpBytesMax,
    },
    broken: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Action: 'x'.repeat(scpBytesMax), Resource: '*' }] as readonly Json[],
    },
  }),
  {
    ids: ['Parley'],
    practice: 'The tables outlive their stack, and so do keys, backups and records',
    resource:
      '`AWS::DynamoDB::GlobalTable`, `AWS::KMS::Key`, `AWS::Backup::BackupVault`, `AWS::Cognito::UserPool`, `AWS::S3::Bucket`',
    shownBy: '`DeletionPolicy` = `Retain`',
    mutation: '`DeletionPolicy` = `Delete` on a table',
    check: (templates) =>
      [
        'AWS::DynamoDB::GlobalTable',
        'AWS::KMS::Key',
        'AWS::Backup::BackupVault',
        'AWS::Cognito::UserPool',
        'AWS::S3::Bucket',
      ].flatMap((type) => {
        const found = resourcesOf(templates, type);
        const loose = found.filter(({ DeletionPolicy }) => DeletionPolicy !== 'Retain');
        return found.length === 0 ? [`no ${type}`] : loose.map(({ stack, id }) => `${stack}/${id}`);
      }),
    mutate: (draft) => put(draft, first(draft, 'AWS::DynamoDB::GlobalTable'), 'DeletionPolicy', 'Delete'),
  },
];
