/** The contract: conditions, what they mean, and that they and their write are one step. */
import { describe, expect } from 'vitest';
import type { Condition, Item, Value } from '#table/port';
import { type Contract, freshPartition, refusal, refusalCode } from './harness.ts';

const stored: { readonly [name: string]: Value } = {
  text: 'héllo',
  number: 5,
  yes: true,
  nothing: null,
  bytes: new Uint8Array([1, 2, 3]),
  set: new Set(['a', 'b']),
  list: ['a', 1],
  map: { a: 1, b: ['x'] },
};

/** Conditions that hold of `stored`, and others that do not. */
const truths: readonly Condition[] = [
  { attribute: 'text', is: 'present' },
  { attribute: 'none', is: 'absent' },
  { attribute: 'nothing', is: 'present' },
  { attribute: 'text', is: '=', value: 'héllo' },
  { attribute: 'text', is: '>', value: 'hello' },
  { attribute: 'text', is: '<', value: '\uffff' },
  { attribute: 'text', is: '<=', value: 'héllo' },
  { attribute: 'text', is: '<>', value: 5 },
  { attribute: 'none', is: '<>', value: 'anything' },
  { attribute: 'number', is: '=', value: 5 },
  { attribute: 'number', is: '<', value: 10 },
  { attribute: 'number', is: '>=', value: 5 },
  { attribute: 'bytes', is: '=', value: new Uint8Array([1, 2, 3]) },
  { attribute: 'bytes', is: '>', value: new Uint8Array([1, 2]) },
  { attribute: 'set', is: '=', value: new Set(['b', 'a']) },
  { attribute: 'list', is: '=', value: ['a', 1] },
  { attribute: 'map', is: '=', value: { b: ['x'], a: 1 } },
  { attribute: 'yes', is: '=', value: true },
  { attribute: 'nothing', is: '=', value: null },
  { attribute: 'text', is: 'contains', value: 'll' },
  { attribute: 'set', is: 'contains', value: 'a' },
  { attribute: 'list', is: 'contains', value: 'a' },
  { attribute: 'set', is: 'size<', value: 3 },
  { attribute: 'list', is: 'size<', value: 3 },
  { attribute: 'map', is: 'size<', value: 3 },
  { attribute: 'bytes', is: 'size<', value: 4 },
  { attribute: 'text', is: 'size<', value: 6 },
  {
    all: [
      { attribute: 'yes', is: 'present' },
      {
        any: [
          { attribute: 'none', is: 'present' },
          { attribute: 'yes', is: 'present' },
        ],
      },
    ],
  },
  { not: { attribute: 'number', is: '>', value: 5 } },
  // What is not there is no more than anything.
  { not: { attribute: 'none', is: '>=', value: 5 } },
];

const falsehoods: readonly Condition[] = [
  { attribute: 'text', is: 'absent' },
  { attribute: 'none', is: 'present' },
  { attribute: 'none', is: '=', value: 'anything' },
  { attribute: 'none', is: '<', value: 'anything' },
  { attribute: 'none', is: 'contains', value: 'a' },
  { attribute: 'none', is: 'size<', value: 5 },
  { attribute: 'text', is: '>', value: 4 },
  { attribute: 'text', is: '<', value: 'h' },
  { attribute: 'number', is: '<', value: 5 },
  { attribute: 'number', is: '=', value: '5' },
  { attribute: 'number', is: 'contains', value: '5' },
  { attribute: 'number', is: 'size<', value: 5 },
  { attribute: 'set', is: '=', value: new Set(['a']) },
  { attribute: 'list', is: '=', value: [1, 'a'] },
  { attribute: 'map', is: '=', value: { a: 1 } },
  { attribute: 'map', is: 'contains', value: 'a' },
  { attribute: 'set', is: 'contains', value: 'ab' },
  { attribute: 'set', is: 'size<', value: 2 },
  {
    all: [
      { attribute: 'yes', is: 'present' },
      { attribute: 'none', is: 'present' },
    ],
  },
  {
    any: [
      { attribute: 'yes', is: 'absent' },
      { attribute: 'none', is: 'present' },
    ],
  },
  { not: { attribute: 'yes', is: 'present' } },
];

export const describeConditions = ({ table, check }: Contract): void => {
  describe('conditions', () => {
    check('[TABLE-5] a write happens when its condition holds, and only then', async () => {
      const key = { pk: freshPartition(), sk: 'item' };
      await table().put({ item: { ...key, ...stored } });
      for (const condition of truths) {
        const outcome = await table()
          .update({ key, changes: { set: { marked: 1 } }, condition })
          .then(() => 'written', String);
        expect({ condition, outcome }).toEqual({ condition, outcome: 'written' });
      }
      for (const condition of falsehoods) {
        const outcome = await table()
          .update({ key, changes: { set: { marked: 2 } }, condition })
          .then(
            () => 'written',
            (error: { code?: unknown }) => error.code,
          );
        expect({ condition, outcome }).toEqual({ condition, outcome: 'condition_failed' });
      }
      expect((await table().get({ key, consistent: true })).item?.marked).toBe(1);
    });

    check('[TABLE-5] a refused write tells what stands there instead, and changes nothing', async () => {
      const key = { pk: freshPartition(), sk: 'item' };
      const absent = { attribute: 'pk', is: 'absent' } as const;
      await table().put({ item: { ...key, first: 1 }, condition: absent });
      const present: Item = { ...key, first: 1 };
      const refusals = [
        await refusal(table().put({ item: { ...key, second: 2 }, condition: absent })),
        await refusal(table().update({ key, changes: { set: { first: 3 } }, condition: absent })),
        await refusal(table().delete({ key, condition: absent })),
      ];
      for (const { code, outcome, item } of refusals) {
        expect({ code, outcome, item }).toEqual({ code: 'condition_failed', outcome: 'none', item: present });
      }
      expect((await table().get({ key, consistent: true })).item).toEqual(present);
    });

    check('[TABLE-5] a condition on what is not there is refused with no item', async () => {
      const key = { pk: freshPartition(), sk: 'item' };
      const condition = { attribute: 'pk', is: 'present' } as const;
      const error = await refusal(table().update({ key, changes: { set: { x: 1 } }, condition }));
      expect(error.code).toBe('condition_failed');
      expect(error.item).toBeUndefined();
      expect((await table().get({ key, consistent: true })).item).toBeUndefined();
    });

    check('[LOG-1] of 64 conditional puts of one key at once exactly one succeeds', async () => {
      for (let round = 0; round < 5; round += 1) {
        const key = { pk: freshPartition(), sk: 'contended' };
        const attempts = Array.from({ length: 64 }, (_, i) =>
          table()
            .put({ item: { ...key, winner: i }, condition: { attribute: 'pk', is: 'absent' } })
            .then(
              () => ({ winner: i }),
              (error: { code?: unknown; item?: Item }) => error,
            ),
        );
        const outcomes = await Promise.all(attempts);
        const winners = outcomes.filter((outcome) => 'winner' in outcome);
        expect(winners).toHaveLength(1);
        const { item } = await table().get({ key, consistent: true });
        expect(winners).toEqual([{ winner: item?.winner }]);
        for (const outcome of outcomes) {
          if ('winner' in outcome) continue;
          expect(outcome.code).toBe('condition_failed');
          expect(outcome.item).toEqual(item);
        }
      }
    });

    check('[TABLE-5] 64 writers counting up under a condition lose no count', async () => {
      const key = { pk: freshPartition(), sk: 'counter' };
      await table().put({ item: { ...key, count: 0 } });
      let seen = 0;
      const countOnce = async (): Promise<void> => {
        for (let expected = seen; ; ) {
          try {
            await table().update({
              key,
              changes: { set: { count: expected + 1 } },
              condition: { attribute: 'count', is: '=', value: expected },
            });
            seen = Math.max(seen, expected + 1);
            return;
          } catch (error) {
            const now = (error as { item?: Item }).item?.count;
            if (typeof now !== 'number') throw error;
            expected = now;
          }
        }
      };
      await Promise.all(Array.from({ length: 64 }, countOnce));
      expect((await table().get({ key, consistent: true })).item?.count).toBe(64);
    });

    check('[TABLE-5] 64 additions at once add up', async () => {
      const key = { pk: freshPartition(), sk: 'sum' };
      const additions = Array.from({ length: 64 }, (_, i) =>
        table().update({ key, changes: { add: { sum: i, who: new Set([`w${i}`]) } } }),
      );
      await Promise.all(additions);
      const { item } = await table().get({ key, consistent: true });
      expect(item?.sum).toBe((63 * 64) / 2);
      expect(item?.who).toHaveProperty('size', 64);
    });

    check('[TABLE-5] a condition of no parts is refused as meaningless', async () => {
      const item = { pk: freshPartition(), sk: 'item' };
      expect(await refusalCode(table().put({ item, condition: { all: [] } }))).toBe('invalid');
      expect(await refusalCode(table().put({ item, condition: { any: [] } }))).toBe('invalid');
    });
  });
};
