/** The contract: what is put is what is got, whatever the value. */
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import type { Item, Value } from '#table/port';
import { type Contract, freshPartition, plain } from './harness.ts';

const wellFormed = fc.string({ unit: 'binary', maxLength: 30 });

const numbers = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -9.9e125, max: 9.9e125 })
  .filter((n) => n === 0 || Math.abs(n) >= 1e-130)
  .map((n) => (n === 0 ? 0 : n));

const leaf: fc.Arbitrary<Value> = fc.oneof(
  wellFormed,
  numbers,
  fc.integer(),
  fc.maxSafeInteger(),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 20 }),
  fc
    .uniqueArray(
      wellFormed.filter((s) => s !== ''),
      { minLength: 1, maxLength: 5 },
    )
    .map((members) => new Set(members)),
);

const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((name) => name !== '__proto__');

const { value: values } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

export const describeValues = ({ table, check, runs }: Contract): void => {
  describe('values', () => {
    check('[TABLE-5] an item that is put is got back, attribute for attribute', async () => {
      const pk = freshPartition();
      await fc.assert(
        fc.asyncProperty(fc.dictionary(names, values, { maxKeys: 6, noNullPrototype: true }), async (attributes) => {
          const item: Item = { ...attributes, pk, sk: 'item' };
          await table().put({ item });
          const got = await table().get({ key: { pk, sk: 'item' }, consistent: true });
          expect(plain(got.item)).toEqual(plain(item));
        }),
        { numRuns: runs },
      );
    });

    check('[TABLE-5] numbers come back as the same doubles', async () => {
      const pk = freshPartition();
      const edges = [
        0,
        1,
        -1,
        0.1,
        0.2,
        0.30000000000000004,
        1e-7,
        1.5e-130,
        1e21,
        9.99999999999999e125,
        -9.99999999999999e125,
        Number.MAX_SAFE_INTEGER,
        Number.MIN_SAFE_INTEGER,
        2 ** 53 + 2,
        123456789.12345679,
        2 ** 31,
        2 ** 32,
        -(2 ** 31),
      ];
      const roundTrip = async (given: readonly number[]): Promise<void> => {
        await table().put({ item: { pk, sk: 'numbers', given } });
        const got = await table().get({ key: { pk, sk: 'numbers' }, consistent: true });
        expect(got.item?.given).toEqual(given);
      };
      await roundTrip(edges);
      await fc.assert(fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 20 }), roundTrip), {
        numRuns: runs,
      });
    });

    check('[TABLE-5] an item that was handed out is the caller’s own: changing it changes nothing stored', async () => {
      const key = { pk: freshPartition(), sk: 'own' };
      const given = { ...key, list: ['a'], bytes: new Uint8Array([1, 2, 3]) };
      await table().put({ item: given });
      given.list.push('b');
      given.bytes[0] = 9;
      const first = await table().get({ key, consistent: true });
      const bytes = first.item?.bytes;
      if (bytes instanceof Uint8Array) bytes[1] = 9;
      const second = await table().get({ key, consistent: true });
      expect(plain(second.item)).toEqual({ ...key, list: ['a'], bytes: { bytes: [1, 2, 3] } });
    });

    check('[TABLE-5] an attribute that is undefined is not there', async () => {
      const key = { pk: freshPartition(), sk: 'undefined' };
      const item = { ...key, present: 1, absent: undefined } as unknown as Item;
      await table().put({ item });
      expect((await table().get({ key, consistent: true })).item).toStrictEqual({ ...key, present: 1 });
    });

    check('[TABLE-5] what is not there is got as nothing, and deleting it is no error', async () => {
      const key = { pk: freshPartition(), sk: 'nothing' };
      expect((await table().get({ key, consistent: true })).item).toBeUndefined();
      await table().delete({ key });
      await table().put({ item: { ...key, x: 1 } });
      await table().delete({ key });
      expect((await table().get({ key, consistent: true })).item).toBeUndefined();
    });

    check('[TABLE-5] a batch gets what exists of its keys, and writes puts and deletions', async () => {
      const pk = freshPartition();
      const keys = Array.from({ length: 25 }, (_, i) => ({ pk, sk: `s${i}` }));
      await table().batchWrite(keys.map((key, i) => ({ put: { ...key, i } })));
      await table().batchWrite(keys.slice(0, 5).map((key) => ({ delete: key })));
      const { items } = await table().batchGet([...keys, { pk, sk: 'none' }], true);
      const found = items.map((item) => Number(item.i)).sort((a, b) => a - b);
      expect(found).toEqual(Array.from({ length: 20 }, (_, i) => i + 5));
    });

    check('[TABLE-5] a scan reads every item once, page by page', async () => {
      const partitions = Array.from({ length: 7 }, freshPartition);
      for (const pk of partitions) {
        await table().batchWrite(Array.from({ length: 3 }, (_, i) => ({ put: { pk, sk: `s${i}` } })));
      }
      const seen: string[] = [];
      for (let page = await table().scan({ limit: 50 }); ; page = await table().scan({ limit: 50, start: page.next })) {
        seen.push(...page.items.filter((item) => partitions.includes(item.pk)).map((item) => `${item.pk} ${item.sk}`));
        if (page.next === undefined) break;
      }
      const expected = partitions.flatMap((pk) => ['s0', 's1', 's2'].map((sk) => `${pk} ${sk}`));
      expect(seen.sort()).toEqual(expected.sort());
    });
  });
};
