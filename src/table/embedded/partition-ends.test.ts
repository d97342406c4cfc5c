/** What is put past a partition's end without a look is put as if somebody had looked. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isConditionFailed } from '../errors.ts';
import type { Condition, Item } from '../port.ts';
import { mainSchema } from '../schema.ts';
import type { Kv } from './kv.ts';
import { createMemoryKv } from './memory-kv.ts';
import { createEmbeddedTable } from './table.ts';

const table = (kv: Kv) => createEmbeddedTable(kv, { schema: mainSchema, name: 'parley', now: () => 0 });
const absent: Condition = { attribute: 'pk', is: 'absent' };

/** Every read of the items' store by its key, and commits that break when they are told to. */
const watched = () => {
  const kv = createMemoryKv();
  const state = { looks: 0, breaks: false, aloneSince: 0 as number | undefined };
  const one = table({
    ...kv,
    get aloneSince() {
      return state.aloneSince;
    },
    transact: (step) =>
      kv.transact((writer) => {
        const result = step({
          ...writer,
          get: (store, key) => {
            if (store === 'items') state.looks += 1;
            return writer.get(store, key);
          },
        });
        if (state.breaks) throw new Error('the disk is gone');
        return result;
      }),
  });
  return { one, state };
};

const key = fc.record({
  pk: fc.constantFrom('p', 'q', 'pq'),
  sk: fc.constantFrom('1', '2', '20', '3', 'é', '\u{1f600}', '\uffee'),
});
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant('append' as const), key }) },
  fc.record({ act: fc.constant('put' as const), key }),
  fc.record({ act: fc.constant('update' as const), key }),
  fc.record({ act: fc.constant('delete' as const), key }),
  fc.record({ act: fc.constant('breaks' as const), key }),
  fc.record({ act: fc.constant('others' as const), key }),
);

test('[TABLE-5] conditions, images and units are those of a table that looks, whatever was written, deleted or lost before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), async (acts) => {
      const knowing = watched();
      const looking = watched();
      looking.state.aloneSince = undefined;
      const answers = async ({ one, state }: ReturnType<typeof watched>) => {
        const results: unknown[] = [];
        let alone = 0;
        for (const [n, { act, key }] of acts.entries()) {
          state.breaks = false;
          if (act === 'others' && state.aloneSince !== undefined) {
            // For a while others may write; afterwards it is another time alone.
            alone += 1;
            state.aloneSince = undefined;
            await one.put({ item: { ...key, n } });
            state.aloneSince = alone;
          } else if (act === 'others') await one.put({ item: { ...key, n } });
          state.breaks = act === 'breaks';
          const run = {
            append: () => one.put({ item: { ...key, n }, condition: absent }),
            put: () => one.put({ item: { ...key, n } }),
            update: () => one.update({ key, changes: { set: { n } } }),
            delete: () => one.delete({ key }),
            breaks: () => one.put({ item: { ...key, n } }),
            others: async () => undefined,
          }[act];
          results.push(
            await run().catch((error: unknown) => (isConditionFailed(error) ? { refused: error.item } : 'broken')),
          );
        }
        state.breaks = false;
        const { records } = await one.feed.read('embedded', 'oldest', 1_000);
        const scanned: Item[] = [...(await one.scan({})).items];
        return { results, scanned, images: records.map(({ kind, before, after }) => ({ kind, before, after })) };
      };
      expect(await answers(knowing)).toEqual(await answers(looking));
    }),
    { numRuns: 300 },
  );
});

test('[TABLE-5] appending to a partition again and again reads nothing', async () => {
  const { one, state } = watched();
  const append = (n: number) => one.put({ item: { pk: 'p', sk: String(n).padStart(4, '0') }, condition: absent });
  await append(1);
  await append(2);
  state.looks = 0;
  for (let n = 3; n <= 100; n += 1) await append(n);
  expect(state.looks).toBe(0);
  await expect(append(100)).rejects.toMatchObject({ code: 'condition_failed' });
  expect(state.looks).toBe(1);
});
