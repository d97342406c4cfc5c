/**
 * [TABLE-4] [TABLE-5] The same random operations, one after another, on the embedded table and on a DynamoDB server: every
 * answer is the same, items, errors, pages and units. Where the contract suite shows that each rule holds, this looks for
 * what no rule was written for.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import { createMemoryTable } from '#table/embedded/memory-table';
import { TableError } from '#table/errors';
import type { Changes, Condition, Item, Key, SortCondition, Table, Value } from '#table/port';
import { mainSchema } from '#table/schema';
import { type DynamoServer, skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';

const seed = Number(process.env.CONTRACT_SEED ?? 20_261_122);
const operations = 1_500;
const name = `same-${process.pid}`;
// No stream: the feeds of both have tests of their own, and a server's stream slows it down.
const schema = { ...mainSchema, stream: false };

type Run = (table: Table) => Promise<unknown>;
const step = (description: object, run: Run) => ({ description, run });

// Bytes are bytes, whichever class of them an adapter returns.
expect.addEqualityTesters([
  (a, b) => (a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : undefined),
]);

// Few keys, so that operations meet; characters whose order differs between UTF-8 and UTF-16.
const key: fc.Arbitrary<Key> = fc.record(
  {
    pk: fc.constantFrom('a', 'b', 'ä', '\uffff', '😀'),
    sk: fc.constantFrom('1', '2', '10', 'z', 'ä', '\uffffx', '😀'),
  },
  { noNullPrototype: true },
);
const attribute = fc.constantFrom('A', 'B', 'name', 'size');
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom('x', '', 'äöü', 'y'.repeat(900)),
    fc.constantFrom(0, 1, -0.5, 0.1, 1e-100, 1.5e20, 123_456_789_012_345),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(new Set(['p']), new Set(['p', 'q'])),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => new Uint8Array(bytes)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('k', 'l'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
  ),
}));
const indexKey = fc.record(
  { inbox: fc.constantFrom('I', 'J'), last_message_at: fc.constantFrom('1', '2', '3') },
  { requiredKeys: [], noNullPrototype: true },
);
const item: fc.Arbitrary<Item> = fc
  .tuple(key, fc.dictionary(attribute, value, { maxKeys: 3, noNullPrototype: true }), indexKey)
  .map(([of, attributes, index]) => ({ ...attributes, ...index, ...of }));

const condition: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => {
  const parts = fc.array(tie('condition'), { minLength: 1, maxLength: 2 });
  return {
    condition: fc.oneof(
      { maxDepth: 2 },
      fc.record({ attribute: fc.constantFrom('A', 'size', 'pk', 'inbox'), is: fc.constantFrom('absent', 'present') }),
      fc.record({ attribute, is: fc.constantFrom('=', '<>'), value }),
      fc.record({ attribute, is: fc.constantFrom('<', '<=', '>', '>='), value: fc.constantFrom('x', '', 1, -0.5) }),
      fc.record({ attribute, is: fc.constant('contains'), value: fc.constantFrom('x', 'p', 'y') }),
      fc.record({ attribute, is: fc.constant('size<'), value: fc.constantFrom(0, 2, 4, 100) }),
      fc.record({ all: parts }),
      fc.record({ any: parts }),
      fc.record({ not: tie('condition') }),
    ),
  };
}).condition;
const guard = fc.oneof(
  fc.constant({}),
  condition.map((of) => ({ condition: of })),
);

/** Each attribute under one clause at most, as DynamoDB wants it. */
const changes: fc.Arbitrary<Changes> = fc
  .dictionary(
    attribute,
    fc.oneof(
      fc.record({ clause: fc.constantFrom('set', 'setIfAbsent'), with: value }),
      fc.record({ clause: fc.constant('add'), with: fc.constantFrom<Value[]>(1, 0.1, -3, new Set(['p', 'r'])) }),
      fc.record({
        clause: fc.constant('deleteFrom'),
        with: fc.constantFrom<Value[]>(new Set(['p']), new Set(['q', 'r'])),
      }),
      fc.record({ clause: fc.constant('remove'), with: fc.constant<Value>(true) }),
    ),
    { maxKeys: 3, noNullPrototype: true },
  )
  .chain((clauses) => indexKey.map((index) => ({ clauses, index })))
  .map(({ clauses, index }) => {
    const of: Record<string, Record<string, Value>> = { set: { ...index } };
    for (const [target, { clause, with: operand }] of Object.entries(clauses)) {
      of[clause] = { ...of[clause], [target]: operand };
    }
    return of as Changes;
  });

const sort: fc.Arbitrary<SortCondition | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.tuple(fc.constantFrom('=', '<', '<=', '>', '>='), fc.constantFrom('1', '2', 'z', '\uffff')),
  fc.tuple(fc.constant('begins_with'), fc.constantFrom('1', '\uffff', 'z')),
  fc.tuple(fc.constant('between'), fc.constant('1'), fc.constantFrom('2', 'z', '😀')),
) as fc.Arbitrary<SortCondition | undefined>;
const page = fc.record({ ascending: fc.boolean(), limit: fc.constantFrom(1, 2, 100) });

/** All pages of a query, following `next`; the number of pages counts as an answer too. */
const walk = async (ask: (start: object) => ReturnType<Table['query']>): Promise<unknown> => {
  const pages: unknown[] = [];
  for (let start = {}; ; ) {
    const { next, ...answer } = await ask(start);
    pages.push(answer, next);
    if (next === undefined) return pages;
    start = { start: next };
  }
};

const put = fc
  .tuple(item, guard)
  .map(([of, when]) => step({ put: of, ...when }, (table) => table.put({ item: of, ...when })));
const update = fc
  .tuple(key, changes, guard)
  .map(([at, by, when]) =>
    step({ update: at, by, ...when }, (table) => table.update({ key: at, changes: by, ...when })),
  );
const remove = fc
  .tuple(key, guard)
  .map(([at, when]) => step({ delete: at, ...when }, (table) => table.delete({ key: at, ...when })));
const get = fc
  .tuple(key, fc.boolean())
  .map(([at, consistent]) => step({ get: at, consistent }, (table) => table.get({ key: at, consistent })));
const query = fc
  .tuple(key, sort, page, fc.boolean())
  .map(([{ pk }, sk, how, consistent]) =>
    step({ query: pk, sk, ...how, consistent }, (table) =>
      walk((start) => table.query({ pk, ...(sk ? { sk } : {}), ...how, consistent, ...start })),
    ),
  );
const queryIndex = fc
  .tuple(fc.constantFrom('I', 'J'), sort, page)
  .map(([inbox, at, how]) =>
    step({ index: inbox, at, ...how }, (table) =>
      walk((start) => table.query({ index: 'inbox', inbox, ...(at ? { last_message_at: at } : {}), ...how, ...start })),
    ),
  );
const operation = fc.oneof(
  { weight: 3, arbitrary: put },
  { weight: 3, arbitrary: update },
  { weight: 1, arbitrary: remove },
  { weight: 1, arbitrary: get },
  { weight: 1, arbitrary: query },
  { weight: 1, arbitrary: queryIndex },
);

const attempt = async (run: Run, table: Table): Promise<unknown> => {
  try {
    return await run(table);
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    return { code: error.code, outcome: error.outcome, item: error.item };
  }
};

describe.skipIf(skipServerTests)(`[TABLE-5] ${operations} operations, seed ${seed}`, () => {
  let server: DynamoServer;
  let real: Table;
  const embedded = createMemoryTable({ name, schema, now: () => Date.now() });
  const admin = () =>
    createDynamoAdmin({ region: testRegion, endpoint: server.endpoint, sleep: () => Promise.resolve() });

  beforeAll(async () => {
    server = await startDynamoServer();
    await admin().createTable(name, schema);
    const { endpoint } = server;
    real = createDynamoTable({ name, schema, region: testRegion, endpoint, now: Date.now, random: Math.random });
  });

  afterAll(async () => {
    await real.close();
    await embedded.close();
    await admin().deleteTable(name, { liftProtection: true });
    await server.stop();
  });

  test('each answers alike on the embedded table and on the server', async () => {
    const outcomes = new Set<unknown>();
    for (const { description, run } of fc.sample(operation, { numRuns: operations, seed })) {
      const answer = await attempt(run, real);
      expect(await attempt(run, embedded), JSON.stringify(description)).toEqual(answer);
      outcomes.add((answer as { code?: string }).code);
    }
    // The operations meet: conditions fail, changes do not fit what is stored, and most succeed.
    expect(outcomes).toEqual(new Set([undefined, 'condition_failed', 'invalid']));
  });
});
