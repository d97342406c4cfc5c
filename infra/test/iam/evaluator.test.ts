/** The evaluator against AWS's documentation: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators". */
import { describe, expect, it } from 'vitest';
import { type Policy, policy, type Statement } from '../../src/policies/statement.ts';
import { type AppliedPolicies, evaluate, matches, type Request } from './evaluator.ts';

const account = '222222222222';
const role = `arn:aws:iam::${account}:role/app`;
const table = `arn:aws:dynamodb:eu-central-1:${account}:table/t`;

const request = (context: Request['context'] = {}, over: Partial<Request> = {}): Request => ({
  principal: { arn: role, account },
  action: 'dynamodb:GetItem',
  resource: table,
  resourceAccount: account,
  context,
  ...over,
});

const statement = (over: Partial<Statement> = {}): Statement => ({
  Sid: 'S',
  Effect: 'Allow',
  Action: 'dynamodb:*',
  Resource: '*',
  ...over,
});
const everything: Policy = policy(statement({ Action: '*' }));
const deny: Policy = policy(statement({ Effect: 'Deny', Sid: 'No' }));

const decide = (policies: Partial<AppliedPolicies>, asked = request()) =>
  evaluate(asked, { identity: [], ...policies });
const holds = (condition: NonNullable<Statement['Condition']>, context: Request['context'] = {}): boolean =>
  decide({ identity: [policy(statement({ Condition: condition }))] }, request(context)).allowed;

describe('the order of evaluation', () => {
  it('denies by default', () => {
    expect(decide({})).toEqual({ allowed: false, layer: 'identity' });
  });
  it.each(['control', 'identity', 'boundary', 'session', 'resource', 'endpoint'] as const)(
    'lets an explicit deny of the layer %s win over every allow',
    (layer) => {
      const denying: Partial<AppliedPolicies> = {
        control: { control: [[everything], [everything, deny]] },
        identity: { identity: [everything, deny] },
        boundary: { boundary: deny },
        session: { session: deny },
        resource: { resource: policy(statement({ Effect: 'Deny', Sid: 'No', Principal: '*' })) },
        endpoint: { endpoint: policy(statement({ Effect: 'Deny', Sid: 'No', Principal: '*' })) },
      }[layer];
      expect(decide({ identity: [everything], ...denying })).toEqual({ allowed: false, layer, sid: 'No' });
    },
  );
  it('needs an allow of the identity or of the resource within one account, either being enough', () => {
    expect(decide({ identity: [everything] }).allowed).toBe(true);
    expect(decide({ resource: policy(statement({ Principal: { AWS: role } })) }).allowed).toBe(true);
  });
  it('takes the account as principal to hand the decision over to identity policies', () => {
    const handedOver = policy(statement({ Principal: { AWS: `arn:aws:iam::${account}:root` } }));
    expect(decide({ resource: handedOver })).toEqual({ allowed: false, layer: 'identity' });
    expect(decide({ resource: handedOver, identity: [everything] }).allowed).toBe(true);
  });
  it('needs both across accounts', () => {
    const foreign = request({}, { resourceAccount: '999999999999' });
    expect(decide({ identity: [everything] }, foreign)).toEqual({ allowed: false, layer: 'resource' });
    expect(decide({ resource: policy(statement({ Principal: '*' })) }, foreign)).toEqual({
      allowed: false,
      layer: 'identity',
    });
    expect(decide({ identity: [everything], resource: policy(statement({ Principal: '*' })) }, foreign).allowed).toBe(
      true,
    );
  });
  it('lets a key’s policy decide: identity rights alone reach no key', () => {
    const policies = { identity: [everything], resourceDecides: true };
    expect(decide(policies)).toEqual({ allowed: false, layer: 'resource' });
    expect(
      decide({ ...policies, resource: policy(statement({ Principal: { AWS: `arn:aws:iam::${account}:root` } })) })
        .allowed,
    ).toBe(true);
  });
  it('needs an allow at every level of the organization', () => {
    expect(decide({ identity: [everything], control: [[everything], []] })).toEqual({
      allowed: false,
      layer: 'control',
    });
    expect(decide({ identity: [everything], control: [[everything], [everything]] }).allowed).toBe(true);
  });
  it('exempts service-linked roles from control policies', () => {
    const linked = request({}, { principal: { arn: `arn:aws:iam::${account}:role/aws-service-role/x/y`, account } });
    expect(decide({ identity: [everything], control: [[deny]] }, linked).allowed).toBe(true);
  });
  it.each(['boundary', 'session', 'endpoint'] as const)(
    'needs an allow of the layer %s where there is one',
    (layer) => {
      const other = policy(statement({ Action: 's3:*', Principal: '*' }));
      expect(decide({ identity: [everything], [layer]: other })).toEqual({ allowed: false, layer });
      expect(decide({ identity: [everything], [layer]: everything }).allowed).toBe(true);
    },
  );
  it('applies a deny with the account as principal to everybody in the account', () => {
    const root = policy(statement({ Effect: 'Deny', Sid: 'No', Principal: { AWS: `arn:aws:iam::${account}:root` } }));
    expect(decide({ identity: [everything], resource: root }).allowed).toBe(false);
  });
});

describe('actions and resources', () => {
  it('compares actions without regard to case, resources with', () => {
    const asked = (over: Partial<Statement>) => decide({ identity: [policy(statement(over))] }).allowed;
    expect(asked({ Action: 'DynamoDB:getitem' })).toBe(true);
    expect(asked({ Action: 'dynamodb:Get*', Resource: table })).toBe(true);
    expect(asked({ Resource: table.toUpperCase() })).toBe(false);
    expect(asked({ Resource: `${table}/index/*` })).toBe(false);
  });
  it('reads NotAction as everything but', () => {
    const but = (action: string) => policy({ Sid: 'S', Effect: 'Allow', NotAction: [action], Resource: '*' });
    expect(decide({ identity: [but('iam:*')] }).allowed).toBe(true);
    expect(decide({ identity: [but('dynamodb:*')] }).allowed).toBe(false);
  });
  it('takes * for any characters, ? for one, and nothing else for a wildcard', () => {
    expect(matches('MSG#*', 'MSG#a/b\nc')).toBe(true);
    expect(matches('a?c', 'abc')).toBe(true);
    expect(matches('a?c', 'ac')).toBe(false);
    expect(matches('a.c', 'abc')).toBe(false);
  });
});

describe('conditions', () => {
  it('joins operators and keys by and, values by or', () => {
    const condition = { StringEquals: { a: ['1', '2'], b: '3' } };
    expect(holds(condition, { a: '2', b: '3' })).toBe(true);
    expect(holds(condition, { a: '2', b: '4' })).toBe(false);
  });
  it('takes a missing key for no match, or for a match of a negated operator', () => {
    expect(holds({ StringEquals: { a: '1' } })).toBe(false);
    expect(holds({ StringNotEquals: { a: '1' } })).toBe(true);
    expect(holds({ ArnNotEquals: { a: role } })).toBe(true);
  });
  it('joins the values of a negated operator by nor', () => {
    expect(holds({ StringNotEquals: { a: ['1', '2'] } }, { a: '2' })).toBe(false);
    expect(holds({ StringNotEquals: { a: ['1', '2'] } }, { a: '3' })).toBe(true);
  });
  it('lets IfExists pass a missing key, and compares one that is there', () => {
    expect(holds({ StringEqualsIfExists: { a: '1' } })).toBe(true);
    expect(holds({ StringEqualsIfExists: { a: '1' } }, { a: '2' })).toBe(false);
  });
  it('reads Null as the absence of a key', () => {
    expect(holds({ Null: { a: 'true' } })).toBe(true);
    expect(holds({ Null: { a: 'false' } })).toBe(false);
    expect(holds({ Null: { a: 'false' } }, { a: 'x' })).toBe(true);
  });
  it('has ForAllValues hold of every value, and of none at all', () => {
    const condition = { 'ForAllValues:StringLike': { keys: 'USR#*' } };
    expect(holds(condition, { keys: ['USR#1', 'USR#2'] })).toBe(true);
    expect(holds(condition, { keys: ['USR#1', 'MSG#2'] })).toBe(false);
    expect(holds(condition)).toBe(true);
    expect(holds({ ...condition, Null: { keys: 'false' } })).toBe(false);
  });
  it('has ForAnyValue hold of one value, and never of none', () => {
    const condition = { 'ForAnyValue:StringEquals': { keys: 'a' } };
    expect(holds(condition, { keys: ['b', 'a'] })).toBe(true);
    expect(holds(condition)).toBe(false);
  });
  it('compares ARNs part by part', () => {
    const like = (pattern: string) => holds({ ArnLike: { 'aws:PrincipalArn': pattern } });
    expect(like('arn:aws:iam::*:role/*')).toBe(true);
    expect(like('arn:aws:iam::*')).toBe(false);
    expect(like('arn:aws:iam::*:user/*')).toBe(false);
  });
  it('puts the request’s values in place of variables, and matches nothing when there is none', () => {
    const condition = { StringEquals: { key: `USR#${'$'}{aws:PrincipalTag/user}` } };
    expect(holds(condition, { key: 'USR#7', 'aws:PrincipalTag/user': '7' })).toBe(true);
    expect(holds(condition, { key: 'USR#8', 'aws:PrincipalTag/user': '7' })).toBe(false);
    expect(holds(condition, { key: 'USR#undefined' })).toBe(false);
  });
  it('compares booleans as words', () => {
    expect(holds({ Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:SecureTransport': 'false' })).toBe(true);
    expect(holds({ Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:SecureTransport': 'true' })).toBe(false);
  });
  it('finds keys without regard to case', () => {
    expect(holds({ StringEquals: { 'AWS:sourcevpce': 'v' } }, { 'aws:SourceVpce': 'v' })).toBe(true);
  });
  it('refuses an operator it does not know, and several values without a set operator', () => {
    expect(() => holds({ IpAddress: { a: '10.0.0.0/8' } }, { a: '10.0.0.1' })).toThrow('IpAddress');
    expect(() => holds({ StringEquals: { a: 'b' } }, { a: ['b', 'c'] })).toThrow('several values');
  });
});
