/** What is known of partitions' ends after a commit that was not. */
import { expect, test } from 'vitest';
import { mainSchema } from '../schema.ts';
import { createMemoryKv } from './memory-kv.ts';
import { createEmbeddedTable } from './table.ts';

test('[TABLE-5] an end found in a commit that broke, above what that one deleted, is not believed', async () => {
  const kv = createMemoryKv();
  let breaks = false;
  const one = createEmbeddedTable(
    {
      ...kv,
      transact: (step) =>
        kv.transact((writer) => {
          const result = step(writer);
          if (breaks) throw new Error('the disk is gone');
          return result;
        }),
    },
    { schema: mainSchema, name: 'parley', now: () => 0 },
  );
  const item = (sk: string) => ({ item: { pk: 'p', sk } });
  await one.put({ item: { pk: 'p', sk: '9', text: 'acknowledged' } });
  breaks = true;
  // One commit, which finds no item past 1.
  const lost = await Promise.allSettled([one.delete({ key: { pk: 'p', sk: '9' } }), one.put(item('1'))]);
  expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  breaks = false;
  const again = one.put({ ...item('9'), condition: { attribute: 'pk', is: 'absent' } });
  await expect(again).rejects.toMatchObject({ code: 'condition_failed' });
  expect((await one.get({ key: { pk: 'p', sk: '9' } })).item?.text).toBe('acknowledged');
});
