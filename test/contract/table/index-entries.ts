/** The contract: the index `inbox` follows the table, sparsely, in order, with ties. */
import { describe, expect } from 'vitest';
import type { SortCondition } from '#table/port';
import { type Contract, freshPartition, queryUntil, refusalCode, walk } from './harness.ts';

export const describeIndex = ({ table, check }: Contract): void => {
  describe('the index', () => {
    check('[TABLE-5] an entry has all the item’s attributes and moves with the item’s index key', async () => {
      const [pk, inbox] = [freshPartition(), freshPartition()];
      const key = { pk, sk: 'row' };
      await table().put({ item: { ...key, inbox, last_message_at: '2026-01-01', text: 'one', n: 1 } });
      const [entry] = await queryUntil(table(), { index: 'inbox', inbox }, 1);
      expect(entry).toEqual({ ...key, inbox, last_message_at: '2026-01-01', text: 'one', n: 1 });

      await table().put({ item: { pk, sk: 'other', inbox, last_message_at: '2026-01-02' } });
      await table().update({ key, changes: { set: { last_message_at: '2026-01-03', text: 'two' } } });
      await queryUntil(table(), { index: 'inbox', inbox, last_message_at: ['=', '2026-01-03'] }, 1);
      const moved = await queryUntil(table(), { index: 'inbox', inbox }, 2);
      expect(moved.map((item) => [item.sk, item.text])).toEqual([
        ['row', 'two'],
        ['other', undefined],
      ]);

      const archive = `${inbox}#archive`;
      await table().update({ key, changes: { set: { inbox: archive } } });
      expect(await queryUntil(table(), { index: 'inbox', inbox: archive }, 1)).toHaveLength(1);
      expect(await queryUntil(table(), { index: 'inbox', inbox }, 1)).toHaveLength(1);
    });

    check('[TABLE-5] an attribute that changes outside the index key changes in the entry', async () => {
      const [pk, inbox] = [freshPartition(), freshPartition()];
      const key = { pk, sk: 'row' };
      await table().put({ item: { ...key, inbox, last_message_at: '1', n: 1 } });
      await table().update({ key, changes: { add: { n: 41 } } });
      for (let i = 0; i < 100; i += 1) {
        const [entry] = await queryUntil(table(), { index: 'inbox', inbox }, 1);
        if (entry?.n === 42) return;
      }
      throw new Error('the entry never showed the new value');
    });

    check('[TABLE-5] the index is sparse: without either of its key attributes an item is not in it', async () => {
      const [pk, inbox] = [freshPartition(), freshPartition()];
      const put = (sk: string, attributes: { [name: string]: string }) =>
        table().put({ item: { pk, sk, ...attributes } });
      await put('both', { inbox, last_message_at: '1' });
      await put('no time', { inbox });
      await put('no inbox', { last_message_at: '1' });
      const key = { pk, sk: 'both' };
      expect((await queryUntil(table(), { index: 'inbox', inbox }, 1)).map((item) => item.sk)).toEqual(['both']);
      await table().update({ key, changes: { remove: { inbox: true } } });
      expect(await queryUntil(table(), { index: 'inbox', inbox }, 0)).toEqual([]);
      await table().update({ key, changes: { set: { inbox } } });
      expect(await queryUntil(table(), { index: 'inbox', inbox }, 1)).toHaveLength(1);
      await table().delete({ key });
      expect(await queryUntil(table(), { index: 'inbox', inbox }, 0)).toEqual([]);
    });

    check('[TABLE-5] cursors find their way through ties: entries with the same index key come once each', async () => {
      const inbox = freshPartition();
      const rows = Array.from({ length: 30 }, (_, i) => ({ pk: freshPartition(), sk: `row ${i}`, i }));
      for (const row of rows) {
        await table().put({ item: { ...row, inbox, last_message_at: row.i < 25 ? 'same' : `same${row.i}` } });
      }
      await queryUntil(table(), { index: 'inbox', inbox }, rows.length);
      for (const ascending of [true, false]) {
        for (const limit of [1, 4, 30]) {
          const pages = await walk(table(), { index: 'inbox', inbox, ascending, limit });
          const items = pages.flatMap((page) => page.items);
          expect(items.map((item) => Number(item.i)).sort((a, b) => a - b)).toEqual(rows.map((row) => row.i));
          const times = items.map((item) => String(item.last_message_at));
          expect(times).toEqual(
            [...times].sort((a, b) => (ascending ? 1 : -1) * Buffer.compare(Buffer.from(a), Buffer.from(b))),
          );
        }
      }
      const page = await table().query({ index: 'inbox', inbox, limit: 1 });
      const [item] = page.items;
      expect(page.next).toEqual({ pk: item?.pk, sk: item?.sk, inbox, last_message_at: 'same29' });
    });

    check('[BOUND-2] ranges hold on the index’s sort key, too', async () => {
      const [pk, inbox] = [freshPartition(), freshPartition()];
      const times = ['2026-01', '2026-01-05', '2026-02', '2026-02-01', '2026-03'];
      for (const at of times) await table().put({ item: { pk, sk: at, inbox, last_message_at: at } });
      await queryUntil(table(), { index: 'inbox', inbox }, times.length);
      const found = async (condition: SortCondition): Promise<string[]> => {
        const { items } = await table().query({ index: 'inbox', inbox, ascending: true, last_message_at: condition });
        return items.map((item) => item.sk);
      };
      expect(await found(['=', '2026-02'])).toEqual(['2026-02']);
      expect(await found(['<', '2026-02'])).toEqual(['2026-01', '2026-01-05']);
      expect(await found(['<=', '2026-02'])).toEqual(['2026-01', '2026-01-05', '2026-02']);
      expect(await found(['>', '2026-02'])).toEqual(['2026-02-01', '2026-03']);
      expect(await found(['>=', '2026-02'])).toEqual(['2026-02', '2026-02-01', '2026-03']);
      expect(await found(['begins_with', '2026-02'])).toEqual(['2026-02', '2026-02-01']);
      expect(await found(['between', '2026-01-05', '2026-02'])).toEqual(['2026-01-05', '2026-02']);
    });

    check('[TABLE-5] keys at their greatest length are indexed and found', async () => {
      const long = { pk: `${freshPartition()}`.padEnd(2_048, 'p'), sk: 's'.repeat(1_024) };
      const inbox = freshPartition().padEnd(2_048, 'i');
      const last_message_at = 't'.repeat(1_024);
      await table().put({ item: { ...long, inbox, last_message_at } });
      const near = { pk: long.pk, sk: `${'s'.repeat(1_023)}r` };
      await table().put({ item: { ...near, inbox, last_message_at } });
      expect(await queryUntil(table(), { index: 'inbox', inbox }, 2)).toHaveLength(2);
      const pages = await walk(table(), { index: 'inbox', inbox, limit: 1 });
      expect(pages.flatMap((page) => page.items.map((item) => item.sk)).sort()).toEqual([near.sk, long.sk]);
    });

    check('[TABLE-5] an index key that is no string, or empty, is refused', async () => {
      const key = { pk: freshPartition(), sk: 'row' };
      expect(await refusalCode(table().put({ item: { ...key, inbox: 5 } }))).toBe('invalid');
      expect(await refusalCode(table().put({ item: { ...key, inbox: '' } }))).toBe('invalid');
      expect(await refusalCode(table().update({ key, changes: { set: { last_message_at: 5 } } }))).toBe('invalid');
      expect((await table().get({ key, consistent: true })).item).toBeUndefined();
    });
  });
};
