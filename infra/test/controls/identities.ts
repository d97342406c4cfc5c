/** Controls of roles, users and keys. */
import { keyTable } from '../iam/requests/expectation.ts';
import { at, type Json, list, resourcesOf, type Templates } from '../support/templates.ts';
import { addResource, type Control, dropStatement, first, none, property, put, simulated } from './control.ts';
import { statementsNamed, widen } from './tables.ts';

const pool = 'AWS::Cognito::UserPool';
const policies = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'] as const;

const statementsOf = (templates: Templates): { where: string; statement: Json }[] =>
  policies.flatMap((type) =>
    resourcesOf(templates, type).flatMap(({ stack, id, Properties }) =>
      list(at(Properties, 'PolicyDocument.Statement')).map((statement) => ({ where: `${stack}/${id}`, statement })),
    ),
  );

const actions = (statement: Json): string[] => list(at(statement, 'Action')).map(String);
const allows = (statement: Json): boolean => at(statement, 'Effect') === 'Allow';

/** A control on every statement of every identity policy. */
const everyStatement = (
  naming: Pick<Control, 'ids' | 'practice'>,
  shownBy: string,
  added: { readonly Action: string; readonly Resource: string },
  wrong: (statement: Json) => boolean,
): Control => ({
  ...naming,
  resource: policies.map((type) => `\`${type}\``).join(', '),
  shownBy,
  mutation: `a statement that allows \`${added.Action}\` on \`${added.Resource}\``,
  check: (templates) => {
    const all = statementsOf(templates);
    if (all.length < 10) return ['there are fewer than ten statements: the rule would hold of nothing'];
    return all.filter(({ statement }) => allows(statement) && wrong(statement)).map(({ where }) => where);
  },
  mutate: (draft) => {
    const found = first(draft, 'AWS::IAM::ManagedPolicy');
    put(draft, found, 'Properties.PolicyDocument.Statement', [
      ...list(at(found.Properties, 'PolicyDocument.Statement')),
      { Effect: 'Allow', ...added },
    ]);
  },
});

export const identityControls: readonly Control[] = [
  none({ ids: ['Course', 'IAM.2', 'CIS 1.15'], practice: 'Roles, never users or groups' }, [
    'AWS::IAM::User',
    'AWS::IAM::Group',
    'AWS::IAM::UserToGroupAddition',
  ]),
  none({ ids: ['Course', 'IAM.3', 'CIS 1.14'], practice: 'No key that lasts' }, ['AWS::IAM::AccessKey']),
  everyStatement(
    { ids: ['IAM.1', 'CIS 1.16'], practice: 'No policy allows everything' },
    'no statement allows `*` on `*`',
    { Action: '*', Resource: '*' },
    (statement) => actions(statement).includes('*'),
  ),
  everyStatement(
    { ids: ['IAM.21'], practice: 'No policy allows a whole service' },
    'no statement allows `service:*`',
    { Action: 'dynamodb:*', Resource: 'arn:aws:dynamodb:*:*:table/parley' },
    (statement) => actions(statement).some((action) => /^[a-z0-9-]+:\*$/.test(action)),
  ),
  everyStatement(
    { ids: ['KMS.1', 'KMS.2'], practice: 'No policy decrypts with every key' },
    'no statement allows `kms:Decrypt` or `kms:ReEncryptFrom` on `*`',
    { Action: 'kms:Decrypt', Resource: '*' },
    (statement) =>
      actions(statement).some((action) => ['kms:Decrypt', 'kms:ReEncryptFrom', 'kms:*'].includes(action)) &&
      list(at(statement, 'Resource')).includes('*'),
  ),
  everyStatement(
    { ids: ['Course', 'TABLE-2'], practice: 'A pattern not listed is a right not granted: nobody may scan messages' },
    'no statement allows PartiQL, nor `dynamodb:Scan` on anything but the table of keys',
    { Action: 'dynamodb:Scan', Resource: 'arn:aws:dynamodb:*:*:table/parley' },
    (statement) =>
      actions(statement).some((action) => /^dynamodb:(PartiQL.*|\*)$/.test(action)) ||
      (actions(statement).includes('dynamodb:Scan') &&
        list(at(statement, 'Resource')).some((resource) => resource !== keyTable)),
  ),
  simulated(
    {
      ids: ['TABLE-2', 'SEC-2'],
      practice: 'Life-cycle tasks walk the table of keys to wrap all anew, and nobody else does either',
      resource: '`AWS::IAM::ManagedPolicy` of `parley-lifecycle` and `parley-service`',
      requests: [
        'a life-cycle task walks the table of keys',
        'a life-cycle task wraps a key anew',
        'a life-cycle task scans the table',
        'the service walks the table of keys',
        'the service wraps a key anew',
        'the fan-out walks the table of keys',
      ],
      mutation: 'the statement that allows the walk is on every table',
    },
    (draft) => {
      for (const { statement } of statementsOf(draft).filter((one) => actions(one.statement).includes('dynamodb:Scan')))
        Object.assign(statement as object, { Resource: '*' });
    },
  ),
  everyStatement(
    { ids: ['TABLE-2'], practice: 'Every right to items names its partitions' },
    'each statement on items has `dynamodb:LeadingKeys`, with the `Null` guard that a set operator needs',
    { Action: 'dynamodb:GetItem', Resource: 'arn:aws:dynamodb:*:*:table/parley' },
    (statement) =>
      actions(statement).some((action) => /^dynamodb:(.*Item|Query)$/.test(action)) &&
      (at(statement, 'Condition.Null.dynamodb:LeadingKeys') !== 'false' ||
        !Object.keys((at(statement, 'Condition') ?? {}) as object).some((operator) =>
          operator.startsWith('ForAllValues:'),
        )),
  ),
  simulated(
    {
      ids: ['Course'],
      practice: 'The service’s role does what the list of access patterns says and nothing beside it',
      resource: '`AWS::IAM::ManagedPolicy` of `parley-service`',
      requests: [
        'the service writes an entry',
        'the service lists an inbox',
        'the service scans the table',
        'the service queries without naming a key',
        'the service moves the fan-out’s checkpoint',
        'the service deletes items in a batch',
        'the service deletes a data key',
      ],
      mutation: 'its first statement allows everything',
    },
    (draft) => widen(draft, 'Main1'),
  ),
  simulated(
    {
      ids: ['SEC-4'],
      practice: 'The fan-out has no right to any key',
      resource: '`AWS::IAM::ManagedPolicy` of `parley-fanout`; policy of `AWS::KMS::Key`',
      requests: ['the fan-out unwraps a data key', 'the fan-out reads a wrapped key', 'the fan-out lists wrapped keys'],
      mutation: 'its statement `ReadTheStream` allows everything',
    },
    (draft) => widen(draft, 'ReadTheStream'),
  ),
  simulated(
    {
      ids: ['SEC-4', 'KMS.5'],
      practice: 'Nobody but the service and life-cycle tasks unwraps, administrators included',
      resource: '`AWS::KMS::Key` for messages',
      requests: [
        'the service unwraps a data key',
        'an administrator unwraps a data key',
        'the fan-out unwraps a data key',
      ],
      mutation: 'the statement `NobodyElseUnwraps` is removed and `WrapForOurTable` allows the account',
    },
    (draft) => {
      dropStatement(draft, 'AWS::KMS::Key', 'NobodyElseUnwraps');
      for (const statement of statementsNamed(draft, 'WrapForOurTable'))
        delete (statement as { Condition?: Json }).Condition;
    },
  ),
  simulated(
    {
      ids: ['SEC-2'],
      practice: 'Data keys are wrapped and unwrapped only in the context of our table',
      resource: '`AWS::KMS::Key` for messages',
      requests: [
        'the service unwraps a data key',
        'the service unwraps without the context',
        'the service unwraps in the context of another deployment',
      ],
      mutation: 'the condition on `kms:EncryptionContext:table` is removed, of the key’s policy and of the role’s',
    },
    (draft) => {
      dropStatement(draft, 'AWS::KMS::Key', 'OnlyInOurContext');
      for (const statement of statementsNamed(draft, 'WrapDataKeys'))
        delete (statement as { Condition?: Json }).Condition;
    },
  ),
  simulated(
    {
      ids: ['Course'],
      practice: 'A signed-in user reaches their own partition only, and names what they read',
      resource: '`AWS::IAM::ManagedPolicy` of `parley-signed-in-user`',
      requests: [
        'a signed-in user reads their own inbox from on-premises',
        'a signed-in user reads another’s inbox',
        'a signed-in user reads their own and another’s rows in one batch',
        'a signed-in user asks for attributes that are not theirs to see',
        'a signed-in user asks for all attributes',
        'a signed-in user names no attributes',
        'a session without the tag reads the partition of nobody',
      ],
      mutation: 'the condition is removed',
    },
    (draft) => {
      for (const statement of statementsNamed(draft, 'ReadOwnPartition'))
        delete (statement as { Condition?: Json }).Condition;
    },
  ),
  simulated(
    {
      ids: ['Parley'],
      practice: '`ForAllValues` is true of no values: the `Null` guard is what refuses a request that names none',
      resource: '`AWS::IAM::ManagedPolicy` of `parley-signed-in-user`',
      requests: ['a signed-in user names no attributes'],
      mutation: 'the guard `Null` is removed',
    },
    (draft) => {
      for (const statement of statementsNamed(draft, 'ReadOwnPartition'))
        delete (statement as { Condition: { Null?: Json } }).Condition.Null;
    },
  ),
  property({
    ids: ['KMS.4', 'CIS 3.6'],
    practice: 'Keys are rotated',
    type: 'AWS::KMS::Key',
    count: 4,
    path: 'EnableKeyRotation',
    is: true,
    broken: false,
  }),
  property({
    ids: ['KMS.3'],
    practice: 'A key’s deletion waits as long as it can',
    type: 'AWS::KMS::Key',
    count: 4,
    path: 'PendingWindowInDays',
    is: 30,
    broken: 7,
  }),
  {
    ids: ['KMS.5'],
    practice: 'No key is usable by other accounts',
    resource: '`AWS::KMS::Key`',
    shownBy: 'a statement that allows `*` holds the caller’s account to ours',
    mutation: 'the condition of `ThroughDynamoDBOnly` is removed',
    check: (templates) => {
      const keys = resourcesOf(templates, 'AWS::KMS::Key');
      if (keys.length < 4) return ['there are fewer than four keys'];
      return keys.flatMap(({ stack, id, Properties }) =>
        list(at(Properties, 'KeyPolicy.Statement'))
          .filter(
            (statement) => allows(statement) && /^(\{"AWS":)?"\*"\}?$/.test(JSON.stringify(at(statement, 'Principal'))),
          )
          .filter((statement) => at(statement, 'Condition.StringEquals.kms:CallerAccount') === undefined)
          .map(() => `${stack}/${id}`),
      );
    },
    mutate: (draft) => {
      for (const statement of statementsNamed(draft, 'ThroughDynamoDBOnly'))
        delete (statement as { Condition?: Json }).Condition;
    },
  },
  property({
    ids: ['Cognito.1'],
    practice: 'Threat protection is enforced for standard sign-in',
    type: pool,
    path: 'UserPoolAddOns.AdvancedSecurityMode',
    is: 'ENFORCED',
    broken: 'AUDIT',
  }),
  property({
    ids: ['Cognito.4'],
    practice: 'Threat protection is enforced for custom sign-in',
    type: pool,
    path: 'UserPoolAddOns.AdvancedSecurityAdditionalFlows.CustomAuthMode',
    is: 'ENFORCED',
    broken: 'AUDIT',
  }),
  property({
    ids: ['Cognito.5'],
    practice: 'A second factor is required',
    type: pool,
    path: 'MfaConfiguration',
    is: 'ON',
    broken: 'OPTIONAL',
  }),
  property({
    ids: ['Parley'],
    practice: 'The second factor is an authenticator, not a text message',
    type: pool,
    path: 'EnabledMfas',
    is: ['SOFTWARE_TOKEN_MFA'],
    broken: ['SMS_MFA'],
  }),
  property({
    ids: ['Cognito.6'],
    practice: 'The user pool is protected from deletion',
    type: pool,
    path: 'DeletionProtection',
    is: 'ACTIVE',
    broken: 'INACTIVE',
  }),
  property({
    ids: ['Cognito.3'],
    practice: 'Passwords are long and mixed',
    type: pool,
    path: 'Policies.PasswordPolicy',
    is: {
      says: '14 characters at least, of all four kinds, temporary ones for a day',
      holds: (value) =>
        Number(at(value, 'MinimumLength')) >= 14 &&
        ['RequireLowercase', 'RequireUppercase', 'RequireNumbers', 'RequireSymbols'].every(
          (kind) => at(value, kind) === true,
        ) &&
        Number(at(value, 'TemporaryPasswordValidityDays')) <= 1,
    },
    broken: { MinimumLength: 8 },
  }),
  property({
    ids: ['Cognito.2'],
    practice: 'No identity without signing in',
    type: 'AWS::Cognito::IdentityPool',
    path: 'AllowUnauthenticatedIdentities',
    is: false,
    broken: true,
  }),
  property({
    ids: ['Course'],
    practice: 'The browser’s client has no secret',
    type: 'AWS::Cognito::UserPoolClient',
    path: 'GenerateSecret',
    is: false,
    broken: true,
  }),
  property({
    ids: ['Parley'],
    practice: 'Sign-in by authorization code, never implicit',
    type: 'AWS::Cognito::UserPoolClient',
    path: 'AllowedOAuthFlows',
    is: ['code'],
    broken: ['implicit'],
  }),
  property({
    ids: ['Parley'],
    practice: 'Sign-in does not tell whether a user exists',
    type: 'AWS::Cognito::UserPoolClient',
    path: 'PreventUserExistenceErrors',
    is: 'ENABLED',
    broken: 'LEGACY',
  }),
  property({
    ids: ['Course'],
    practice: 'Users’ life cycle begins with a trigger that provisions them',
    type: pool,
    path: 'LambdaConfig.PostConfirmation',
    is: { says: 'the function `parley-post-confirmation`', holds: (value) => value !== undefined },
    broken: undefined,
  }),
  property({
    ids: ['Parley'],
    practice: 'The session’s tag is the token’s subject',
    type: 'AWS::Cognito::IdentityPoolPrincipalTag',
    path: 'PrincipalTags',
    is: { user: 'sub' },
    broken: { user: 'email' },
  }),
  {
    ids: ['Parley'],
    practice: 'Nobody else assumes our roles: services of our account, or our identity pool',
    resource: '`AWS::IAM::Role`',
    shownBy: 'no role trusts an AWS account or `*`',
    mutation: 'a role that trusts `*`',
    check: (templates) => {
      const roles = resourcesOf(templates, 'AWS::IAM::Role');
      if (roles.length < 8) return ['there are fewer than eight roles'];
      return roles
        .filter(({ Properties }) =>
          list(at(Properties, 'AssumeRolePolicyDocument.Statement')).some((statement) => {
            const principal = at(statement, 'Principal');
            return principal === '*' || at(principal, 'AWS') !== undefined;
          }),
        )
        .map(({ stack, id }) => `${stack}/${id}`);
    },
    mutate: (draft) =>
      addResource(draft, 'ParleyRoles', 'Open', 'AWS::IAM::Role', {
        AssumeRolePolicyDocument: {
          Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '*' } }],
        },
      }),
  },
];
