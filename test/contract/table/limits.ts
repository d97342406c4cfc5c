/** The contract: DynamoDB's limits, each tried from both sides. */
import { describe, expect } from 'vitest';
import {
  BATCH_GET_MAX,
  BATCH_WRITE_MAX,
  ITEM_BYTES_MAX,
  PARTITION_KEY_BYTES_MAX,
  SORT_KEY_BYTES_MAX,
} from '#table/limits';
import type { Item, Value } from '#table/port';
import { type Contract, freshPartition, itemOfSize, refusalCode } from './harness.ts';

/** So many lists inside each other, around a number. */
const nested = (lists: number): Value => (lists === 0 ? 1 : [nested(lists - 1)]);

export const describeLimits = ({ table, check }: Contract): void => {
  const putCode = async (item: Item): Promise<string> =>
    table()
      .put({ item })
      .then(
        () => 'taken',
        (error: { code: string }) => error.code,
      );

  describe('limits', () => {
    check('[BOUND-5] an item has up to 400 KB, names included', async () => {
      const key = { pk: freshPartition(), sk: 'large' };
      expect(await putCode(itemOfSize(key, ITEM_BYTES_MAX))).toBe('taken');
      expect((await table().get({ key, consistent: true })).item?.x).toHaveLength(
        ITEM_BYTES_MAX - `pk${key.pk}sk${key.sk}x`.length,
      );
      expect(await putCode(itemOfSize(key, ITEM_BYTES_MAX + 1))).toBe('invalid');
      expect(await refusalCode(table().update({ key, changes: { set: { y: '1' } } }))).toBe('invalid');
      expect(await refusalCode(table().batchWrite([{ put: itemOfSize(key, ITEM_BYTES_MAX + 1) }]))).toBe('invalid');
    });

    check('[BOUND-5] a partition key has 1 to 2,048 bytes, a sort key 1 to 1,024, of UTF-8', async () => {
      const pk = freshPartition();
      const euros = (bytes: number): string =>
        '€'.repeat(Math.floor(bytes / 3)).padEnd(Math.floor(bytes / 3) + (bytes % 3), 'x');
      const pkOf = (bytes: number): string => pk + euros(bytes - pk.length);
      expect(await putCode({ pk: pkOf(PARTITION_KEY_BYTES_MAX), sk: 's' })).toBe('taken');
      expect(await putCode({ pk: pkOf(PARTITION_KEY_BYTES_MAX + 1), sk: 's' })).toBe('invalid');
      expect(await putCode({ pk, sk: euros(SORT_KEY_BYTES_MAX) })).toBe('taken');
      expect(await putCode({ pk, sk: euros(SORT_KEY_BYTES_MAX + 1) })).toBe('invalid');
      expect(await putCode({ pk, sk: '' })).toBe('invalid');
      expect(await putCode({ pk: '', sk: 's' })).toBe('invalid');
      expect(await refusalCode(table().get({ key: { pk, sk: '' } }))).toBe('invalid');
      expect(await refusalCode(table().delete({ key: { pk: '', sk: 's' } }))).toBe('invalid');
    });

    check('[BOUND-5] a number is one, and inside DynamoDB’s range', async () => {
      const key = { pk: freshPartition(), sk: 'number' };
      for (const n of [0, 1e-130, -1e-130, 9.99999999999999e125, -9.99999999999999e125]) {
        expect(await putCode({ ...key, n })).toBe('taken');
      }
      for (const n of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e126, -1e126, 9e-131, 5e-324]) {
        expect(await putCode({ ...key, n })).toBe('invalid');
        expect(await putCode({ ...key, list: [{ n }] })).toBe('invalid');
        expect(await refusalCode(table().update({ key, changes: { add: { n } } }))).toBe('invalid');
      }
    });

    check('[BOUND-5] no set is empty, no attribute nameless, no text ill-formed', async () => {
      const key = { pk: freshPartition(), sk: 'shape' };
      expect(await putCode({ ...key, empty: '', none: new Uint8Array(0), list: [], map: {} })).toBe('taken');
      expect(await putCode({ ...key, set: new Set<string>() })).toBe('invalid');
      expect(await putCode({ ...key, map: { set: new Set<string>() } })).toBe('invalid');
      expect(await putCode({ ...key, '': 1 })).toBe('invalid');
      expect(await putCode({ ...key, text: '\ud800' })).toBe('invalid');
      expect(await putCode({ ...key, sk: 'a\udc00' })).toBe('invalid');
    });

    check('[BOUND-5] lists and maps nest to 32 levels', async () => {
      const key = { pk: freshPartition(), sk: 'deep' };
      expect(await putCode({ ...key, deep: nested(31) })).toBe('taken');
      expect(await putCode({ ...key, deep: nested(32) })).toBe('invalid');
      expect(await putCode({ ...key, deep: nested(5_000) })).toBe('invalid');
    });

    check('[BOUND-5] a batch gets 1 to 100 keys, writes 1 to 25 items, and names no key twice', async () => {
      const pk = freshPartition();
      const keys = Array.from({ length: 101 }, (_, i) => ({ pk, sk: `s${i}` }));
      const puts = keys.map((put) => ({ put }));
      expect((await table().batchGet(keys.slice(0, BATCH_GET_MAX))).items).toEqual([]);
      expect(await refusalCode(table().batchGet(keys))).toBe('invalid');
      expect(await refusalCode(table().batchGet([]))).toBe('invalid');
      expect(
        await refusalCode(
          table().batchGet([
            { pk, sk: 's1' },
            { pk, sk: 's1' },
          ]),
        ),
      ).toBe('invalid');
      await table().batchWrite(puts.slice(0, BATCH_WRITE_MAX));
      expect(await refusalCode(table().batchWrite(puts.slice(0, BATCH_WRITE_MAX + 1)))).toBe('invalid');
      expect(await refusalCode(table().batchWrite([]))).toBe('invalid');
      expect(await refusalCode(table().batchWrite([{ put: { pk, sk: 's1' } }, { delete: { pk, sk: 's1' } }]))).toBe(
        'invalid',
      );
    });

    check('[TABLE-5] a call whose deadline has passed is refused, and writes nothing', async () => {
      const key = { pk: freshPartition(), sk: 'late' };
      expect(await refusalCode(table().put({ item: key }, { deadline: 1 }))).toBe('unavailable');
      expect((await table().get({ key, consistent: true })).item).toBeUndefined();
    });
  });
};
