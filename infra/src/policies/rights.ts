/**
 * A role's rights, generated from the lists of access patterns (TABLE-2): operation to action, index to the index's ARN, the
 * partition's prefix to a condition on `dynamodb:LeadingKeys`. A pattern not listed is a right not granted.
 */
import { type KeyRole, keyCatalog } from '../../../src/crypto/key-patterns.ts';
import { catalog, type PatternName, type Role } from '../../../src/store/catalog.ts';
import type { Statement } from './statement.ts';

/** What a right needs to know of a pattern; the entries of both catalogs have it. */
interface Pattern {
  readonly operation: string;
  readonly index?: string;
  readonly key: string;
}

/** The prefix of the partition keys a pattern may touch, out of its key condition: `pk = MSG#conversation, …` gives `MSG#*`. */
export function leadingKeyOf(key: string): string {
  const prefix = /^\w+ = ([A-Z]+#)/.exec(key)?.[1];
  if (prefix === undefined) throw new Error(`no partition key with a prefix in the key condition "${key}"`);
  return `${prefix}*`;
}

/** Holds when every partition key of a request matches; a request without any, such as a scan, does not (`Null`). */
export const leadingKeys = (patterns: readonly string[]): NonNullable<Statement['Condition']> => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': patterns },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

/** The least statements that allow the patterns on a table: one for each set of actions that share resource and prefixes. */
export function statementsFor(sid: string, table: string, patterns: readonly Pattern[]): Statement[] {
  const prefixesByRight = new Map<string, Set<string>>();
  for (const { operation, index, key } of patterns) {
    const right = `dynamodb:${operation} ${index === undefined ? table : `${table}/index/${index}`}`;
    const prefixes = prefixesByRight.get(right) ?? new Set();
    // A scan reads the whole table and names no key that it could be held to.
    prefixesByRight.set(right, operation === 'Scan' ? prefixes : prefixes.add(leadingKeyOf(key)));
  }
  const actionsByShape = new Map<string, string[]>();
  for (const [right, prefixes] of prefixesByRight) {
    const [action = '', resource] = right.split(' ');
    const shape = JSON.stringify([resource, [...prefixes].sort()]);
    actionsByShape.set(shape, [...(actionsByShape.get(shape) ?? []), action]);
  }
  return [...actionsByShape].map(([shape, actions], position) => {
    const [resource, prefixes] = JSON.parse(shape) as [string, string[]];
    return {
      Sid: `${sid}${position + 1}`,
      Effect: 'Allow',
      Action: actions.sort(),
      Resource: resource,
      ...(prefixes.length > 0 && { Condition: leadingKeys(prefixes) }),
    };
  });
}

/** The rights of a role on the main table. */
export const mainRights = (role: Role, table: string): Statement[] =>
  statementsFor(
    'Main',
    table,
    Object.values(catalog).filter((pattern) => (pattern.roles as readonly Role[]).includes(role)),
  );

/** The rights of a role on the table of wrapped keys; the fan-out has none (SEC-4), and its name does not compile here. */
export const keyRights = (role: KeyRole, table: string): Statement[] =>
  statementsFor(
    'Keys',
    table,
    Object.values(keyCatalog).filter((pattern) => (pattern.roles as readonly KeyRole[]).includes(role)),
  );

/** The rights to a few patterns by name, for a process that needs less than a whole role. */
export const rightsTo = (names: readonly PatternName[], table: string): Statement[] =>
  statementsFor(
    'Main',
    table,
    names.map((name) => catalog[name]),
  );
