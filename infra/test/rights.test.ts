/** Rights are the lists of access patterns, written in IAM's words. */
import { describe, expect, it } from 'vitest';
import { keyCatalog } from '../../src/crypto/key-patterns.ts';
import { catalog, type PatternDescription, type Role } from '../../src/store/catalog.ts';
import { keyRights, leadingKeyOf, mainRights, rightsTo, statementsFor } from '../src/policies/rights.ts';
import type { Statement } from '../src/policies/statement.ts';

const table = 'arn:aws:dynamodb:eu-central-1:222222222222:table/parley';

/** Every (action, resource, prefix) that statements allow. */
const rightsIn = (statements: readonly Statement[]): Set<string> =>
  new Set(
    statements.flatMap(({ Action, Resource, Condition }) =>
      (Action as readonly string[]).flatMap((action) =>
        ((Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? []) as readonly string[]).map(
          (prefix) => `${action} ${String(Resource)} ${prefix}`,
        ),
      ),
    ),
  );

const listed = (role: Role): Set<string> =>
  new Set(
    Object.values<PatternDescription>(catalog)
      .filter(({ roles }) => roles.includes(role))
      .map(
        ({ operation, index, key }) =>
          `dynamodb:${operation} ${index === undefined ? table : `${table}/index/${index}`} ${leadingKeyOf(key)}`,
      ),
  );

describe('[TABLE-2] a pattern not listed is a right not granted', () => {
  it.each(['service', 'fanout', 'lifecycle'] as const)(
    'the role %s has exactly the rights that its patterns need',
    (role) => {
      expect(rightsIn(mainRights(role, table))).toEqual(listed(role));
    },
  );
  it('a pattern that is added adds its right, and nothing else', () => {
    const before = rightsIn(statementsFor('S', table, [catalog.getProfile]));
    const after = rightsIn(statementsFor('S', table, [catalog.getProfile, catalog.putBlock]));
    expect([...after].filter((right) => !before.has(right))).toEqual([`dynamodb:PutItem ${table} USR#*`]);
  });
  it('a few patterns by name give the rights of those', () => {
    expect([...rightsIn(rightsTo(['claimHandle'], table))]).toEqual([`dynamodb:PutItem ${table} HDL#*`]);
  });
  it('[SEC-4] no pattern of the table of keys names the fan-out', () => {
    expect(JSON.stringify(keyCatalog)).not.toContain('fanout');
    expect(rightsIn(keyRights('service', table)).size).toBeGreaterThan(0);
  });
  it('every statement has the guard against requests that name no key', () => {
    for (const statement of [
      ...mainRights('service', table),
      ...mainRights('lifecycle', table),
      ...keyRights('service', table),
    ])
      expect(statement.Condition?.Null).toEqual({ 'dynamodb:LeadingKeys': 'false' });
  });
  it('a walk through the table of keys, which names none, is a statement of its own, and life-cycle tasks alone have it', () => {
    const [walk, ...others] = keyRights('lifecycle', table).filter(({ Condition }) => Condition === undefined);
    expect([walk?.Action, walk?.Resource, others]).toEqual([['dynamodb:Scan'], table, []]);
    expect(JSON.stringify(keyRights('service', table))).not.toContain('Scan');
  });
  it('a key condition without a prefix is refused', () => {
    expect(() => leadingKeyOf('everything')).toThrow('no partition key');
  });
});
