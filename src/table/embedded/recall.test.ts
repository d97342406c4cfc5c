/** Answers out of memory are the answers that the store would give. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Item, QueryRequest } from '../port.ts';
import { mainSchema } from '../schema.ts';
import type { Kv } from './kv.ts';
import { createMemoryKv } from './memory-kv.ts';
import { createRecall } from './recall.ts';
import { createEmbeddedTable } from './table.ts';

const now = (): number => 0;
const table = (kv: Kv) => createEmbeddedTable(kv, { schema: mainSchema, name: 'parley', now });
/** As when others may write: nothing is remembered. */
const forgetful = () => table({ ...createMemoryKv(), aloneSince: undefined });

const pk = fc.constantFrom('p', 'q');
const sk = fc.constantFrom('1', '2', '3', '4');
const inbox = fc.option(fc.constantFrom('I', 'J'), { nil: undefined });
const limit = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
const query = fc.oneof(
  fc.record({ pk, limit, ascending: fc.boolean() }),
  fc.record({ pk, sk: fc.tuple(fc.constantFrom('<' as const, '>=' as const), sk), limit }),
  fc.record({ index: fc.constant('inbox' as const), inbox: fc.constantFrom('I', 'J'), limit }),
);
const action = fc.oneof(
  fc.record({ act: fc.constant('put' as const), pk, sk, inbox, at: sk }),
  fc.record({ act: fc.constant('update' as const), pk, sk, inbox, at: sk }),
  fc.record({ act: fc.constant('delete' as const), pk, sk }),
  { weight: 4, arbitrary: fc.record({ act: fc.constant('query' as const), query }) },
);

const defined = (query: object): QueryRequest =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as unknown as QueryRequest;

test('[TABLE-5] whatever is written in between, a query answered from memory answers as the store does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (acts) => {
      const both = [table(createMemoryKv()), forgetful()] as const;
      for (const act of acts) {
        const answers = await Promise.all(
          both.map(async (one) => {
            if (act.act === 'query') return one.query(defined(act.query));
            if (act.act === 'delete') return one.delete({ key: { pk: act.pk, sk: act.sk } });
            const attributes = { last_message_at: act.at, ...(act.inbox !== undefined && { inbox: act.inbox }) };
            if (act.act === 'put') return one.put({ item: { pk: act.pk, sk: act.sk, ...attributes } as Item });
            const remove = act.inbox === undefined ? { remove: { inbox: true as const } } : {};
            return one.update({ key: { pk: act.pk, sk: act.sk }, changes: { set: attributes, ...remove } });
          }),
        );
        expect(answers[0]).toEqual(answers[1]);
      }
    }),
    { numRuns: 300 },
  );
});

test('[TABLE-5] what is remembered is bounded, shared, and cannot be changed by whoever was given it', async () => {
  const one = table(createMemoryKv());
  await one.put({ item: { pk: 'p', sk: 's', list: ['a'] } });
  const first = await one.query({ pk: 'p' });
  const second = await one.query({ pk: 'p' });
  expect(second.items[0]).toBe(first.items[0]);
  expect(() => Object.assign(first.items[0] ?? {}, { list: [] })).toThrow(TypeError);
  const list = first.items[0]?.list;
  expect(() => Array.isArray(list) && list.push('b')).toThrow(TypeError);

  const recall = createRecall();
  const page = { items: [], capacity: { read: 1, write: 0 } };
  for (let i = 0; i < 20; i += 1) recall.keep('p', `q${i}`, page, 10);
  expect(recall.get('p', 'q0')).toBeUndefined();
  expect(recall.get('p', 'q19')).toBe(page);
  for (let i = 0; i < 1_000; i += 1) recall.keep(`p${i}`, 'q', page, 60_000);
  expect(recall.get('p', 'q19')).toBeUndefined();
  recall.keep('large', 'q', page, 1_000_000);
  expect(recall.get('large', 'q')).toBeUndefined();
});
