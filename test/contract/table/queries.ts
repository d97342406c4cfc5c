/** The contract: the order of a partition, ranges of its sort key, and pages. */
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { PAGE_BYTES_MAX } from '#table/limits';
import type { QueryRequest, SortCondition } from '#table/port';
import { type Contract, freshPartition, itemOfSize, refusalCode, walk, walkItems } from './harness.ts';

/** Characters on both sides of where UTF-16's order and UTF-8's part: U+FFFF, private use, and past U+FFFF. */
const tricky = fc.constantFrom(
  'a',
  'b',
  '\u0000',
  '\u0001',
  '\u007f',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
);
const sortKeys = fc.oneof(
  fc.array(tricky, { minLength: 1, maxLength: 6 }).map((characters) => characters.join('')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }),
);

const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

/** What a condition means, said by the bytes alone. */
const meets = (condition: SortCondition, sk: string): boolean => {
  const [operator, value] = condition;
  if (operator === 'begins_with')
    return Buffer.from(sk).subarray(0, Buffer.byteLength(value)).equals(Buffer.from(value));
  if (operator === 'between') return byBytes(sk, value) >= 0 && byBytes(sk, condition[2]) <= 0;
  const order = byBytes(sk, value);
  return { '=': order === 0, '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator];
};

const conditions: fc.Arbitrary<SortCondition> = fc.oneof(
  fc.tuple(fc.constantFrom('=', '<', '<=', '>', '>='), sortKeys),
  // Without NUL: dynoxide ends a prefix there, and finds too much.
  sortKeys.map((sk): SortCondition => ['begins_with', sk.replaceAll('\u0000', '') || 'a']),
  fc
    .tuple(sortKeys, sortKeys)
    .map(([a, b]): SortCondition => (byBytes(a, b) <= 0 ? ['between', a, b] : ['between', b, a])),
);

const fill = async ({ table }: Contract, pk: string, sks: readonly string[]): Promise<void> => {
  for (let i = 0; i < sks.length; i += 25) {
    await table().batchWrite(sks.slice(i, i + 25).map((sk) => ({ put: { pk, sk } })));
  }
};

export const describeQueries = (contract: Contract): void => {
  const { table, check, runs } = contract;

  describe('queries', () => {
    check('[TABLE-5] a partition is in the order of the UTF-8 bytes of its sort keys, both ways', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(sortKeys, { minLength: 2, maxLength: 40 }), async (sks) => {
          const pk = freshPartition();
          await fill(contract, pk, sks);
          const expected = [...sks].sort(byBytes);
          const upwards = await walkItems(table(), { pk, ascending: true, consistent: true, limit: 7 });
          expect(upwards.map((item) => item.sk)).toEqual(expected);
          const downwards = await walkItems(table(), { pk, consistent: true });
          expect(downwards.map((item) => item.sk)).toEqual(expected.reverse());
        }),
        { numRuns: Math.ceil(runs / 4) },
      );
    });

    check('[BOUND-2] a range takes exactly the keys that its condition names, from any page on', async () => {
      const pk = freshPartition();
      const sks = fc.sample(sortKeys, { numRuns: 120, seed: 11 });
      const unique = [...new Set(sks)];
      await fill(contract, pk, unique);
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            conditions,
            fc.constantFrom(...unique).map((sk): SortCondition => ['>=', sk]),
          ),
          fc.boolean(),
          fc.integer({ min: 1, max: 9 }),
          async (sk, ascending, limit) => {
            const items = await walkItems(table(), { pk, sk, ascending, limit, consistent: true });
            const expected = unique.filter((each) => meets(sk, each)).sort(byBytes);
            expect(items.map((item) => item.sk)).toEqual(ascending ? expected : expected.reverse());
          },
        ),
        { numRuns: runs },
      );
    });

    check('[TABLE-5] partitions whose names begin alike keep apart', async () => {
      const stem = freshPartition();
      const names = [stem, `${stem}a`, `${stem}\u0000`, `${stem}${'l'.repeat(1_500)}`, `${stem}${'l'.repeat(1_501)}`];
      for (const pk of names) await fill(contract, pk, ['1', 'a1', '\u00001']);
      for (const pk of names) {
        const items = await walkItems(table(), { pk, consistent: true });
        expect(items.map((item) => item.pk === pk)).toEqual([true, true, true]);
      }
    });

    check('[TABLE-5] a page ends at its limit and names where to go on, also when nothing follows', async () => {
      const pk = freshPartition();
      await fill(contract, pk, ['1', '2', '3', '4']);
      const first = await table().query({ pk, limit: 2, consistent: true });
      expect(first.items.map((item) => item.sk)).toEqual(['4', '3']);
      expect(first.next).toEqual({ pk, sk: '3' });
      const all = await table().query({ pk, limit: 4, consistent: true });
      expect(all.next).toEqual({ pk, sk: '1' });
      expect(await table().query({ pk, limit: 4, start: { pk, sk: '1' }, consistent: true })).toMatchObject({
        items: [],
      });
      expect((await table().query({ pk, limit: 5, consistent: true })).next).toBeUndefined();
    });

    check('[TABLE-5] a position to go on from need not be that of an item that still exists', async () => {
      const pk = freshPartition();
      await fill(contract, pk, ['1', '3', '5']);
      const down = await table().query({ pk, start: { pk, sk: '4' }, consistent: true });
      expect(down.items.map((item) => item.sk)).toEqual(['3', '1']);
      const up = await table().query({ pk, start: { pk, sk: '2' }, ascending: true, consistent: true });
      expect(up.items.map((item) => item.sk)).toEqual(['3', '5']);
    });

    check('[BOUND-5] a page ends at 1 MB, and a walk over such pages misses nothing', async () => {
      const pk = freshPartition();
      const bytes = 100_000;
      const sks = Array.from({ length: 23 }, (_, i) => String(i).padStart(2, '0'));
      for (const sk of sks) await table().put({ item: itemOfSize({ pk, sk }, bytes) });
      const pages = await walk(table(), { pk, ascending: true, consistent: true });
      expect(pages.flatMap((page) => page.items.map((item) => item.sk))).toEqual(sks);
      expect(pages.map((page) => page.items.length)).toEqual([10, 10, 3]);
      for (const page of pages) expect(page.items.length * bytes).toBeLessThanOrEqual(PAGE_BYTES_MAX);
    });

    check('[TABLE-5] a walk over a partition that grows sees all that was there when it began, once', async () => {
      const pk = freshPartition();
      const before = Array.from({ length: 20 }, (_, i) => `${String(i).padStart(2, '0')}`);
      await fill(contract, pk, before);
      const seen: string[] = [];
      let page = await table().query({ pk, limit: 3, consistent: true });
      for (let n = 0; ; n += 1) {
        seen.push(...page.items.map((item) => item.sk));
        if (page.next === undefined) break;
        await table().put({ item: { pk, sk: `99-${n}` } });
        await table().put({ item: { pk, sk: `0${n}-new` } });
        page = await table().query({ pk, limit: 3, start: page.next, consistent: true });
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((sk) => before.includes(sk)).sort()).toEqual(before);
    });

    check('[BOUND-1] a limit below one is refused', async () => {
      const pk = freshPartition();
      expect(await refusalCode(table().query({ pk, limit: 0 }))).toBe('invalid');
      expect(await refusalCode(table().query({ pk, limit: 1.5 }))).toBe('invalid');
    });

    check('[BOUND-1] an empty or too long key, an impossible range and a foreign position are refused', async () => {
      const pk = freshPartition();
      const refused: readonly QueryRequest[] = [
        { pk: '' },
        { pk: 'x'.repeat(2_049) },
        { pk, sk: ['=', ''] },
        { pk, sk: ['>', 'x'.repeat(1_025)] },
        { pk, sk: ['between', 'b', 'a'] },
        { pk, start: { pk: 'another', sk: '1' } },
        { index: 'inbox', inbox: '' },
        { index: 'inbox', inbox: pk, last_message_at: ['between', 'b', 'a'] },
        { index: 'inbox', inbox: pk, start: { pk, sk: '1', inbox: 'another', last_message_at: '1' } },
        { index: 'inbox', inbox: pk, start: { pk, sk: '1' } },
      ];
      for (const request of refused) {
        expect({ request, code: await refusalCode(table().query(request)) }).toEqual({ request, code: 'invalid' });
      }
    });
  });
};
