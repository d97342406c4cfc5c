import { expect, test } from 'vitest';
import { TableError } from '../errors.ts';
import type { Changes, Condition, SortCondition } from '../port.ts';
import { compileChanges, compileCondition, compileKeyCondition, createExpression } from './expressions.ts';

const condition = (of: Condition) => {
  const into = createExpression();
  return { text: compileCondition(into, of), ...into.aliases() };
};
const changes = (of: Changes) => {
  const into = createExpression();
  return { text: compileChanges(into, of), ...into.aliases() };
};
const key = (of: SortCondition | undefined) => {
  const into = createExpression();
  const text = compileKeyCondition(into, { attribute: 'pk', value: 'p' }, { attribute: 'sk', condition: of });
  return { text, ...into.aliases() };
};

test('every name and every value is an alias, so that reserved words and odd names need no exception', () => {
  expect(
    condition({
      all: [
        { attribute: 'name', is: 'absent' },
        {
          any: [
            { attribute: 'a.b c', is: '<>', value: 'x = :y OR 1' },
            { not: { attribute: 'name', is: '=', value: 1 } },
          ],
        },
      ],
    }),
  ).toEqual({
    text: 'attribute_not_exists(#a0) AND (#a1 <> :v0 OR NOT (#a0 = :v1))',
    ExpressionAttributeNames: { '#a0': 'name', '#a1': 'a.b c' },
    ExpressionAttributeValues: { ':v0': { S: 'x = :y OR 1' }, ':v1': { N: '1' } },
  });
});

test('each kind of condition', () => {
  const text = (of: Condition) => condition(of).text;
  expect(text({ attribute: 'a', is: 'present' })).toBe('attribute_exists(#a0)');
  expect(text({ attribute: 'a', is: 'contains', value: 'x' })).toBe('contains(#a0, :v0)');
  expect(text({ attribute: 'a', is: 'size<', value: 3 })).toBe('size(#a0) < :v0');
  for (const is of ['=', '<>', '<', '<=', '>', '>='] as const) {
    expect(text({ attribute: 'a', is, value: 'x' })).toBe(`#a0 ${is} :v0`);
  }
});

test('no parentheses that DynamoDB would call redundant', () => {
  const absent = { attribute: 'a', is: 'absent' } as const;
  const text = (of: Condition) => condition(of).text;
  const is = 'attribute_not_exists(#a0)';
  expect(text({ all: [{ any: [absent] }] })).toBe(is);
  expect(text({ not: { all: [absent] } })).toBe(`NOT (${is})`);
  expect(text({ not: { any: [absent, absent] } })).toBe(`NOT (${is} OR ${is})`);
  expect(text({ all: [{ all: [{ any: [absent, absent] }] }, { not: absent }] })).toBe(
    `(${is} OR ${is}) AND NOT (${is})`,
  );
});

test('no values, no member for them: DynamoDB refuses an empty one', () => {
  expect(condition({ attribute: 'pk', is: 'absent' })).toEqual({
    text: 'attribute_not_exists(#a0)',
    ExpressionAttributeNames: { '#a0': 'pk' },
  });
  expect(changes({})).toEqual({ text: undefined });
});

test('[BOUND-1] [BOUND-2] a partition key by equality, and one range', () => {
  expect(key(undefined).text).toBe('#a0 = :v0');
  expect(key(['begins_with', 'x']).text).toBe('#a0 = :v0 AND begins_with(#a1, :v1)');
  expect(key(['between', 'x', 'y'])).toEqual({
    text: '#a0 = :v0 AND #a1 BETWEEN :v1 AND :v2',
    ExpressionAttributeNames: { '#a0': 'pk', '#a1': 'sk' },
    ExpressionAttributeValues: { ':v0': { S: 'p' }, ':v1': { S: 'x' }, ':v2': { S: 'y' } },
  });
  for (const operator of ['=', '<', '<=', '>', '>='] as const) {
    expect(key([operator, 'x']).text).toBe(`#a0 = :v0 AND #a1 ${operator} :v1`);
  }
});

test('an update has each of its clauses once', () => {
  expect(
    changes({
      set: { status: 'x', year: 1 },
      setIfAbsent: { born: 2 },
      add: { n: 3, tags: new Set(['t']) },
      deleteFrom: { old: new Set(['o']) },
      remove: { gone: true },
    }),
  ).toEqual({
    text: 'SET #a0 = :v0, #a1 = :v1, #a2 = if_not_exists(#a2, :v2) ADD #a3 :v3, #a4 :v4 DELETE #a5 :v5 REMOVE #a6',
    ExpressionAttributeNames: {
      '#a0': 'status',
      '#a1': 'year',
      '#a2': 'born',
      '#a3': 'n',
      '#a4': 'tags',
      '#a5': 'old',
      '#a6': 'gone',
    },
    ExpressionAttributeValues: {
      ':v0': { S: 'x' },
      ':v1': { N: '1' },
      ':v2': { N: '2' },
      ':v3': { N: '3' },
      ':v4': { SS: ['t'] },
      ':v5': { SS: ['o'] },
    },
  });
});

test('what cannot be sent is refused with the name of its attribute', () => {
  expect(() => changes({ set: { weight: Number.NaN } })).toThrow(/weight/);
  expect(() => condition({ attribute: 'weight', is: '=', value: 1e200 })).toThrow(TableError);
  expect(() => condition({ all: [] })).toThrow(TableError);
});
