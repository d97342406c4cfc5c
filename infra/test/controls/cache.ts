/** Controls of Valkey: who reaches it, who signs in there and how, and what they may do there. */
import { announcerRights, nodeRights, publisherRights } from '../../../src/server/valkey-rights.ts';
import { cacheName, cacheUsers } from '../../src/names.ts';
import { cacheSignIns } from '../iam/requests/cache.ts';
import { at, type Json, list, resolve, resourcesOf, type Templates } from '../support/templates.ts';
import { addResource, type Control, property, simulated } from './control.ts';
import { statementsNamed } from './tables.ts';

const ingress = 'AWS::EC2::SecurityGroupIngress';

/** The entry of a container's environment by its name. */
const environmentOf = (environment: Json | undefined, name: string): Json | undefined =>
  list(environment).find((entry) => at(entry, 'Name') === name);

/** Who may call the caches, in words: `TasksGroup 6379 of ValkeyGroup`, by the beginnings of the groups' names. */
const callersOfCaches = (templates: Templates): string[] => {
  const nameOf = (stack: string, value: Json | undefined): string =>
    /^[A-Za-z]+Group/.exec(String(resolve(templates, stack, value ?? '')))?.[0] ?? 'somebody';
  const apart = resourcesOf(templates, ingress).map(
    ({ stack, Properties }) =>
      `${nameOf(stack, Properties.SourceSecurityGroupId)} ${Properties.FromPort}-${Properties.ToPort} of ${nameOf(stack, Properties.GroupId)}`,
  );
  const inside = resourcesOf(templates, 'AWS::EC2::SecurityGroup', 'ParleyCache').flatMap(({ id, Properties }) =>
    list(Properties.SecurityGroupIngress).map(() => `somebody of ${id}`),
  );
  return [...apart, ...inside].filter((rule) => / of (Valkey|Dax)Group/.test(rule)).sort();
};

const callers = [
  'FanoutGroup 6379-6379 of ValkeyGroup',
  'LifecycleGroup 6379-6379 of ValkeyGroup',
  'TasksGroup 6379-6379 of ValkeyGroup',
  'TasksGroup 9111-9111 of DaxGroup',
];

export const cacheControls: readonly Control[] = [
  property({
    ids: ['Parley'],
    practice: 'Valkey is encrypted with our own key',
    type: 'AWS::ElastiCache::ServerlessCache',
    path: 'KmsKeyId',
    is: { says: 'our own key', holds: (value) => typeof value === 'object' && value !== null },
    broken: undefined,
  }),
  property({
    ids: ['SEC-8'],
    practice: 'Valkey’s users sign in by IAM, without a password',
    type: 'AWS::ElastiCache::User',
    count: 3,
    path: 'AuthenticationMode',
    is: { Type: 'iam' },
    broken: { Type: 'no-password-required' },
  }),
  property({
    ids: ['SEC-8'],
    practice: 'Valkey’s users are named in lower case, by the name that tokens are signed for',
    type: 'AWS::ElastiCache::User',
    count: 3,
    path: 'UserId',
    is: {
      says: '`parley-service`, `parley-fanout` or `parley-lifecycle`',
      holds: (value) => Object.values<Json | undefined>(cacheUsers).includes(value),
    },
    broken: 'Parley-Service',
  }),
  property({
    ids: ['SEC-8'],
    practice: 'The service’s user may do to Valkey what a node does, and nothing else',
    type: 'AWS::ElastiCache::User',
    which: '`parley-service`',
    where: ({ Properties }) => Properties.UserId === cacheUsers.service,
    path: 'AccessString',
    is: nodeRights,
    broken: 'on ~* &* +@all',
  }),
  property({
    ids: ['SEC-8', 'SEC-4'],
    practice: 'The fan-out’s user may publish row events, and neither read nor listen',
    type: 'AWS::ElastiCache::User',
    which: '`parley-fanout`',
    where: ({ Properties }) => Properties.UserId === cacheUsers.fanout,
    path: 'AccessString',
    is: publisherRights,
    broken: nodeRights,
  }),
  property({
    ids: ['SEC-8'],
    practice: 'The life-cycle tasks’ user may mark what is old and publish, and neither read nor listen',
    type: 'AWS::ElastiCache::User',
    which: '`parley-lifecycle`',
    where: ({ Properties }) => Properties.UserId === cacheUsers.lifecycle,
    path: 'AccessString',
    is: announcerRights,
    broken: nodeRights,
  }),
  simulated(
    {
      ids: ['SEC-8'],
      practice: 'Each process signs in to Valkey as its own user only; whoever has no business there cannot at all',
      resource: '`AWS::IAM::ManagedPolicy` of `parley-service`, `parley-fanout` and `parley-lifecycle`',
      requests: cacheSignIns.map(({ name }) => name),
      mutation: 'the statement `ConnectToTheCache` names every user',
    },
    (draft) => {
      for (const statement of statementsNamed(draft, 'ConnectToTheCache')) Object.assign(statement, { Resource: '*' });
    },
  ),
  property({
    ids: ['SEC-8'],
    practice: 'The fan-out is told to sign in to Valkey by its role',
    type: 'AWS::Lambda::Function',
    which: '`parley-fanout`',
    where: ({ Properties }) => Properties.FunctionName === 'parley-fanout',
    path: 'Environment.Variables.VALKEY_IAM_CACHE',
    is: cacheName,
    broken: undefined,
  }),
  property({
    ids: ['SEC-8'],
    practice: 'The service is told to sign in to Valkey by its role, over TLS',
    type: 'AWS::ECS::TaskDefinition',
    which: 'the one that serves',
    where: ({ Properties }) => Properties.Family === 'parley-service',
    path: 'ContainerDefinitions.0.Environment',
    is: {
      says: '`VALKEY_IAM_CACHE` = `parley`, `VALKEY_URL` begins with `rediss://parley-service@`',
      holds: (value) =>
        at(environmentOf(value, 'VALKEY_IAM_CACHE'), 'Value') === cacheName &&
        JSON.stringify(environmentOf(value, 'VALKEY_URL')).includes('rediss://parley-service@'),
    },
    broken: [],
  }),
  property({
    ids: ['SEC-8', 'USER-5'],
    practice:
      'Life-cycle tasks are told to sign in to Valkey by their role, over TLS, so that nodes hear of an erasure',
    type: 'AWS::ECS::TaskDefinition',
    which: '`parley-lifecycle`',
    where: ({ Properties }) => Properties.Family === 'parley-lifecycle',
    path: 'ContainerDefinitions.0.Environment',
    is: {
      says: '`VALKEY_IAM_CACHE` = `parley`, `VALKEY_URL` begins with `rediss://parley-lifecycle@`',
      holds: (value) =>
        at(environmentOf(value, 'VALKEY_IAM_CACHE'), 'Value') === cacheName &&
        JSON.stringify(environmentOf(value, 'VALKEY_URL')).includes('rediss://parley-lifecycle@'),
    },
    broken: [],
  }),
  {
    ids: ['SEC-8'],
    practice:
      'The service, the fan-out and life-cycle tasks reach Valkey, the service alone DAX, at one port each, and nobody else does',
    resource: '`AWS::EC2::SecurityGroup` of `ParleyCache`, `AWS::EC2::SecurityGroupIngress`',
    shownBy: callers.map((rule) => `\`${rule}\``).join(', '),
    mutation: 'the sign-up trigger’s group is let in',
    check: (templates) => {
      const found = callersOfCaches(templates);
      return JSON.stringify(found) === JSON.stringify(callers) ? [] : found;
    },
    mutate: (draft) => {
      const [rule] = resourcesOf(draft, ingress).filter(({ id }) => id === 'ValkeyFromFanout');
      addResource(draft, 'ParleyIdentity', 'LetIn', ingress, {
        GroupId: rule?.Properties.GroupId ?? '',
        SourceSecurityGroupId: 'PostConfirmationGroup',
        FromPort: 6379,
        ToPort: 6379,
      });
    },
  },
];
