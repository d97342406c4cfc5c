/**
 * Weighs a request against the policies that apply to it, after AWS's documented evaluation logic (IAM User Guide, "Policy
 * evaluation logic" and "Policy evaluation for requests within a single account"). It knows the operators our policies use and
 * throws for any other, so that no condition is ever skipped in silence.
 *
 * Left out because nothing here uses it: NotPrincipal, resource control policies, and resource policies that name a session.
 */
import type { Policy, Statement } from '../../src/policies/statement.ts';

export type ContextValue = string | readonly string[];

export interface Request {
  readonly principal: {
    /** The ARN as `aws:PrincipalArn` has it: a role's own, not its session's. */
    readonly arn: string;
    readonly account: string;
  };
  readonly action: string;
  readonly resource: string;
  readonly resourceAccount: string;
  /** Condition keys and values; those that follow from the principal are filled in. Absent keys are absent. */
  readonly context: { readonly [key: string]: ContextValue };
}

export interface AppliedPolicies {
  /** By level from the root down; each level must allow. Absent: the account is in no organization, or is its manager. */
  readonly control?: readonly (readonly Policy[])[];
  readonly identity: readonly Policy[];
  readonly boundary?: Policy;
  readonly session?: Policy;
  readonly resource?: Policy;
  /** KMS trusts its key's policy alone: an identity's rights count only when that policy hands them over. */
  readonly resourceDecides?: boolean;
  readonly endpoint?: Policy;
}

export type Layer = 'control' | 'identity' | 'boundary' | 'session' | 'resource' | 'endpoint';

export type Decision =
  | { readonly allowed: true }
  /** `sid` is the statement that denies; without one, no statement of the layer allows. */
  | { readonly allowed: false; readonly layer: Layer; readonly sid?: string };

const many = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** IAM's wildcards, `*` for any characters and `?` for one, over the whole of a text. */
export function matches(pattern: string, text: string): boolean {
  const source = [...pattern]
    .map((character) =>
      character === '*' ? '[^]*' : character === '?' ? '[^]' : character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
    )
    .join('');
  return new RegExp(`^${source}$`, 'u').test(text);
}

/** ARNs are compared part by part: a wildcard does not reach across the first five colons. */
function arnMatches(pattern: string, arn: string): boolean {
  const parts = (of: string) => {
    const split = of.split(':');
    return [...split.slice(0, 5), split.slice(5).join(':')];
  };
  const [patterns, texts] = [parts(pattern), parts(arn)];
  if (!arn.startsWith('arn:')) return false;
  return patterns.every((part, position) => matches(part, texts[position] ?? ''));
}

type Lookup = (key: string) => ContextValue | undefined;

/** Replaces `${key}` by the request's value; undefined when the request has none, and then nothing matches. */
function substitute(text: string, lookup: Lookup): string | undefined {
  let missing = false;
  const result = text.replace(/\$\{([^}]+)\}/g, (_whole, key: string) => {
    if (['*', '?', '$'].includes(key)) return key;
    const value = lookup(key);
    if (typeof value !== 'string') missing = true;
    return String(value);
  });
  return missing ? undefined : result;
}

type Compare = (expected: string, actual: string) => boolean;

/** Each operator's comparison of one value with one; the negated ones are their opposites. */
const comparisons: { readonly [operator: string]: Compare } = {
  StringEquals: (expected, actual) => expected === actual,
  StringLike: matches,
  ArnEquals: arnMatches,
  ArnLike: arnMatches,
  Bool: (expected, actual) => expected.toLowerCase() === actual.toLowerCase(),
};

function conditionHolds(operator: string, key: string, expected: readonly string[], lookup: Lookup): boolean {
  const [, quantifier, base = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(operator) ?? [];
  const actual = lookup(key);
  if (base === 'Null') return many(expected).some((wanted) => (wanted === 'true') === (actual === undefined));
  const negated = base.includes('Not');
  const compare = comparisons[base.replace('Not', '')];
  if (compare === undefined) throw new Error(`the operator ${operator} is not known here`);
  const one = (value: string): boolean => {
    const hit = expected.some((raw) => {
      const wanted = substitute(raw, lookup);
      return wanted !== undefined && compare(wanted, value);
    });
    return negated ? !hit : hit;
  };
  const values = many<string>(actual);
  // Vacuous truth: all of no values match. This is why a Null condition stands beside every ForAllValues.
  if (quantifier === 'ForAllValues') return values.every(one);
  if (quantifier === 'ForAnyValue') return values.some(one);
  if (actual === undefined) return ifExists !== undefined || negated;
  if (typeof actual !== 'string')
    throw new Error(`${key} has several values: ${operator} needs ForAllValues or ForAnyValue`);
  return one(actual);
}

function principalMatches(statement: Statement, request: Request): 'direct' | 'account' | 'no' {
  const { Principal: principal } = statement;
  if (principal === undefined || principal === '*') return 'direct';
  const { arn, account } = request.principal;
  let found: 'account' | 'no' = 'no';
  for (const named of many(principal.AWS)) {
    if (named === '*' || named === arn) return 'direct';
    if (named === account || named === `arn:aws:iam::${account}:root`) found = 'account';
  }
  if (many(principal.Service).includes(arn)) return 'direct';
  return found;
}

function statementApplies(statement: Statement, request: Request, lookup: Lookup): boolean {
  const action = (pattern: string) => matches(pattern.toLowerCase(), request.action.toLowerCase());
  if (statement.Action !== undefined && !many(statement.Action).some(action)) return false;
  if (statement.NotAction?.some(action)) return false;
  const onResource = many(statement.Resource).some((pattern) => {
    const wanted = substitute(pattern, lookup);
    return wanted !== undefined && matches(wanted, request.resource);
  });
  if (!onResource || principalMatches(statement, request) === 'no') return false;
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, expected]) =>
      conditionHolds(operator, key, many<string | boolean>(expected).map(String), lookup),
    ),
  );
}

/** Service-linked roles and the organization's manager are beyond control policies. */
const controlApplies = ({ principal }: Request): boolean => !principal.arn.includes(':role/aws-service-role/');

/** Allowed or not, and if not, by which layer. */
export function evaluate(request: Request, policies: AppliedPolicies): Decision {
  const filled: { readonly [key: string]: ContextValue } = {
    'aws:PrincipalArn': request.principal.arn,
    'aws:PrincipalAccount': request.principal.account,
    ...request.context,
  };
  const byLowerCase = new Map(Object.entries(filled).map(([key, value]) => [key.toLowerCase(), value]));
  const lookup: Lookup = (key) => byLowerCase.get(key.toLowerCase());

  const control = controlApplies(request) ? policies.control : undefined;
  const layers: readonly (readonly [Layer, readonly Policy[]])[] = [
    ['control', (control ?? []).flat()],
    ['resource', many(policies.resource)],
    ['endpoint', many(policies.endpoint)],
    ['identity', policies.identity],
    ['boundary', many(policies.boundary)],
    ['session', many(policies.session)],
  ];
  const applying = (of: readonly Policy[], effect: Statement['Effect']): Statement[] =>
    of
      .flatMap(({ Statement: statements }) => statements)
      .filter((statement) => statement.Effect === effect && statementApplies(statement, request, lookup));

  // An explicit deny anywhere is final.
  for (const [layer, of] of layers) {
    const [denying] = applying(of, 'Deny');
    if (denying !== undefined) return { allowed: false, layer, sid: denying.Sid };
  }
  const allows = (of: readonly Policy[]): boolean => applying(of, 'Allow').length > 0;
  for (const level of control ?? []) if (!allows(level)) return { allowed: false, layer: 'control' };
  if (policies.endpoint !== undefined && !allows([policies.endpoint])) return { allowed: false, layer: 'endpoint' };

  const granting = applying(many(policies.resource), 'Allow').map((statement) => principalMatches(statement, request));
  const directly = granting.includes('direct');
  const identity = allows(policies.identity);
  const sameAccount = request.principal.account === request.resourceAccount;
  if (policies.resourceDecides === true && granting.length === 0) return { allowed: false, layer: 'resource' };
  if (!sameAccount && granting.length === 0) return { allowed: false, layer: 'resource' };
  if (!identity && !(sameAccount && directly)) return { allowed: false, layer: 'identity' };
  if (policies.boundary !== undefined && !allows([policies.boundary])) return { allowed: false, layer: 'boundary' };
  if (policies.session !== undefined && !allows([policies.session])) return { allowed: false, layer: 'session' };
  return { allowed: true };
}
