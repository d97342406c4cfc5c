/** The contract: what an update does to an item that is there, and to one that is not. */
import { describe, expect } from 'vitest';
import type { Changes, Item } from '#table/port';
import { type Contract, freshPartition, plain, refusal, refusalCode } from './harness.ts';

const base = { n: 5, s: 'text', tags: new Set(['a', 'b']), list: [1] } as const;

interface Case {
  readonly does: string;
  readonly changes: Changes;
  /** Attributes after the update of an item that had `base`. */
  readonly onBase: { readonly [name: string]: unknown };
  /** Attributes after the update of an item that was not there. */
  readonly onNothing: { readonly [name: string]: unknown };
}

const tags = (...set: string[]): { set: string[] } => ({ set });
const whole = { n: 5, s: 'text', tags: tags('a', 'b'), list: [1] };

const cases: readonly Case[] = [
  { does: 'nothing', changes: {}, onBase: whole, onNothing: {} },
  {
    does: 'set replaces and adds',
    changes: { set: { s: 'new', m: { deep: [null, true] } } },
    onBase: { ...whole, s: 'new', m: { deep: [null, true] } },
    onNothing: { s: 'new', m: { deep: [null, true] } },
  },
  {
    does: 'setIfAbsent keeps what is there',
    changes: { setIfAbsent: { s: 'new', t: 'first' } },
    onBase: { ...whole, t: 'first' },
    onNothing: { s: 'new', t: 'first' },
  },
  { does: 'add adds a number', changes: { add: { n: -7 } }, onBase: { ...whole, n: -2 }, onNothing: { n: -7 } },
  { does: 'add adds in decimal', changes: { add: { n: 0.1 } }, onBase: { ...whole, n: 5.1 }, onNothing: { n: 0.1 } },
  {
    does: 'add adds members',
    changes: { add: { tags: new Set(['b', 'c']), others: new Set(['x']) } },
    onBase: { ...whole, tags: tags('a', 'b', 'c'), others: tags('x') },
    onNothing: { tags: tags('b', 'c'), others: tags('x') },
  },
  {
    does: 'deleteFrom takes members out',
    changes: { deleteFrom: { tags: new Set(['b', 'never']), none: new Set(['x']) } },
    onBase: { ...whole, tags: tags('a') },
    onNothing: {},
  },
  {
    does: 'a set left empty is removed',
    changes: { deleteFrom: { tags: new Set(['a', 'b']) } },
    onBase: { n: 5, s: 'text', list: [1] },
    onNothing: {},
  },
  {
    does: 'remove removes, and what is not there is no error',
    changes: { remove: { s: true, never: true } },
    onBase: { n: 5, tags: tags('a', 'b'), list: [1] },
    onNothing: {},
  },
  {
    does: 'all clauses at once read the item as it was',
    changes: {
      set: { a: 1 },
      setIfAbsent: { n: 9 },
      add: { count: 1 },
      deleteFrom: { tags: new Set(['a']) },
      remove: { list: true },
    },
    onBase: { n: 5, s: 'text', tags: tags('b'), a: 1, count: 1 },
    onNothing: { a: 1, n: 9, count: 1 },
  },
  {
    does: 'reserved words, dots and spaces are names like others',
    changes: { set: { 'name.with dots': 1, size: 2, '#h': 3, ':c': 4 }, remove: { s: true, ttl: true } },
    onBase: { n: 5, tags: tags('a', 'b'), list: [1], 'name.with dots': 1, size: 2, '#h': 3, ':c': 4 },
    onNothing: { 'name.with dots': 1, size: 2, '#h': 3, ':c': 4 },
  },
];

export const describeUpdates = ({ table, check }: Contract): void => {
  describe('updates', () => {
    for (const { does, changes, onBase, onNothing } of cases) {
      check(`[TABLE-5] update: ${does}`, async () => {
        const pk = freshPartition();
        await table().put({ item: { pk, sk: 'base', ...base } });
        for (const [sk, expected] of [
          ['base', onBase],
          ['nothing', onNothing],
        ] as const) {
          const updated = await table().update({ key: { pk, sk }, changes });
          expect(plain(updated.item)).toEqual({ pk, sk, ...expected });
          const got = await table().get({ key: { pk, sk }, consistent: true });
          expect(plain(got.item)).toEqual({ pk, sk, ...expected });
        }
      });
    }

    check('[BOUND-3] an update that names a key is refused, with what to do instead', async () => {
      const key = { pk: freshPartition(), sk: 'item' };
      await table().put({ item: { ...key, x: 1 } });
      const named = [
        { set: { pk: 'other' } },
        { setIfAbsent: { sk: 'other' } },
        { add: { sk: 1 } },
        { deleteFrom: { pk: new Set(['a']) } },
        { remove: { sk: true } },
      ] as unknown as Changes[];
      for (const changes of named) {
        const error = await refusal(table().update({ key, changes }));
        expect(error.code).toBe('invalid');
        expect(error.message).toMatch(/put the new item, then delete the old/);
      }
      expect((await table().get({ key, consistent: true })).item).toEqual({ ...key, x: 1 });
    });

    check('[TABLE-5] an update that fits the item’s types badly is refused and changes nothing', async () => {
      const key = { pk: freshPartition(), sk: 'item' };
      const item: Item = { ...key, ...base };
      await table().put({ item });
      const unfit: Changes[] = [
        { add: { s: 1 } },
        { add: { n: new Set(['a']) } },
        { add: { tags: 1 } },
        { deleteFrom: { n: new Set(['a']) } },
        { add: { tags: new Set<string>() } },
        { deleteFrom: { tags: new Set<string>() } },
        { add: { n: Number.NaN } },
        { set: { s: 'x' }, remove: { s: true } },
      ];
      for (const changes of unfit) expect(await refusalCode(table().update({ key, changes }))).toBe('invalid');
      expect(plain((await table().get({ key, consistent: true })).item)).toEqual(plain(item));
    });
  });
};
