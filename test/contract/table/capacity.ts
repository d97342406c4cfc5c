/**
 * The contract: what each request costs. The numbers are expected of every adapter; where the adapter speaks to a server,
 * they are what the server reports, so that the embedded table's arithmetic is held to the server's.
 */
import { describe, expect } from 'vitest';
import type { Capacity, Item, Key, ScannableTable, Value } from '#table/port';
import { type Contract, freshPartition, itemOfSize } from './harness.ts';

const row = { inbox: 'I', last_message_at: '1' } as const;
const moved = { inbox: 'I', last_message_at: '2' } as const;

interface WriteCase {
  readonly what: string;
  /** The item before, from the key; nothing when absent. */
  readonly before?: (key: Key) => Item;
  readonly write: (table: ScannableTable, key: Key) => Promise<{ readonly capacity: Capacity }>;
  readonly units: number;
}

const put =
  (bytes: number, attributes: { readonly [name: string]: string } = {}): WriteCase['write'] =>
  (table, key) =>
    table.put({ item: itemOfSize(key, bytes, attributes) });
const sized =
  (bytes: number, attributes: { readonly [name: string]: string } = {}): ((key: Key) => Item) =>
  (key) =>
    itemOfSize(key, bytes, attributes);
const remove: WriteCase['write'] = (table, key) => table.delete({ key });

const writes: readonly WriteCase[] = [
  { what: 'a put of 1 KB', write: put(1_024), units: 1 },
  { what: 'a put of a byte more', write: put(1_025), units: 2 },
  { what: 'a put of 400 KB', write: put(409_600), units: 400 },
  { what: 'a put of less over more: the larger of the two', before: sized(5_000), write: put(100), units: 5 },
  { what: 'a put of the same again', before: sized(3_000), write: put(3_000), units: 3 },
  { what: 'a deletion: what stood there', before: sized(2_500), write: remove, units: 3 },
  { what: 'a deletion of nothing', write: remove, units: 1 },
  {
    what: 'an update that grows an item',
    before: sized(1_000),
    write: (table, key) => table.update({ key, changes: { set: { more: 'x'.repeat(1_100) } } }),
    units: 3,
  },
  {
    what: 'an update that shrinks an item',
    before: sized(4_000),
    write: (table, key) => table.update({ key, changes: { remove: { x: true } } }),
    units: 4,
  },
  {
    what: 'an update that changes nothing',
    before: sized(100),
    write: (table, key) => table.update({ key, changes: {} }),
    units: 1,
  },
  { what: 'a new row: row and entry', write: put(300, row), units: 2 },
  { what: 'a new row of 1.5 KB', write: put(1_500, row), units: 4 },
  { what: 'a row that moves in the index: row 1, entry 2', before: sized(300, row), write: put(300, moved), units: 3 },
  {
    what: 'a row that moves and shrinks: each by its own size',
    before: sized(1_500, row),
    write: put(300, moved),
    units: 5,
  },
  { what: 'a row that changes in place', before: sized(300, row), write: put(310, row), units: 2 },
  {
    what: 'a row put again unchanged: the entry is left alone',
    before: sized(300, row),
    write: put(300, row),
    units: 1,
  },
  { what: 'a row that shrinks in place', before: sized(1_500, row), write: put(300, row), units: 4 },
  {
    what: 'a row that leaves the index',
    before: sized(300, row),
    write: (table, key) => table.update({ key, changes: { remove: { inbox: true } } }),
    units: 2,
  },
  {
    what: 'a row that enters the index',
    before: sized(300, { last_message_at: '1' }),
    write: (table, key) => table.update({ key, changes: { set: { inbox: 'I' } } }),
    units: 2,
  },
  { what: 'a deleted row: row and entry', before: sized(300, row), write: remove, units: 2 },
];

/** Sizes of values in bytes, as the Developer Guide describes them and a server counts them. */
const sizes: readonly (readonly [value: Value, bytes: number])[] = [
  ['', 0],
  ['text', 4],
  ['é', 2],
  ['€', 3],
  ['😀', 4],
  [true, 1],
  [null, 1],
  [0, 1],
  [7, 2],
  [12, 2],
  [123, 3],
  [1_000, 2],
  [12_000, 2],
  [-12, 3],
  [1.5, 3],
  [12.25, 3],
  [0.001, 2],
  [1_784_000_123, 6],
  [123_456_789.1234567, 10],
  [1e125, 2],
  [new Uint8Array(5), 5],
  [new Set(['a', 'bc']), 3],
  [[], 3],
  [['a', 1], 8],
  [{}, 3],
  [{ a: 1, bc: 'x' }, 11],
  [[[['a']]], 13],
];

export const describeCapacity = ({ table, check }: Contract): void => {
  describe('capacity', () => {
    for (const { what, before, write, units } of writes) {
      check(`[TABLE-4] ${what} costs ${units}`, async () => {
        const key = { pk: freshPartition(), sk: 'item' };
        if (before !== undefined) await table().put({ item: before(key) });
        const { capacity } = await write(table(), key);
        expect(capacity).toEqual({ read: 0, write: units });
      });
    }

    check('[TABLE-4] a value of every type has the size that the units are counted by', async () => {
      const pk = freshPartition();
      for (const [i, [value, bytes]] of sizes.entries()) {
        for (const [over, units] of [
          [0, 1],
          [1, 2],
        ] as const) {
          const key = { pk, sk: `${100 + i}-${over}` };
          const item = { ...itemOfSize(key, 1_024 - 'v'.length - bytes + over), v: value };
          const { capacity } = await table().put({ item });
          expect({ value, over, units: capacity.write }).toEqual({ value, over, units });
        }
      }
    });

    check('[TABLE-4] a get costs by 4 KB: half a unit, or one when consistent; of nothing, too', async () => {
      const pk = freshPartition();
      await table().put({ item: itemOfSize({ pk, sk: 'four' }, 4_096) });
      await table().put({ item: itemOfSize({ pk, sk: 'more' }, 4_097) });
      const cost = async (sk: string, consistent: boolean): Promise<number> =>
        (await table().get({ key: { pk, sk }, consistent })).capacity.read;
      expect([await cost('four', false), await cost('four', true)]).toEqual([0.5, 1]);
      expect([await cost('more', false), await cost('more', true)]).toEqual([1, 2]);
      expect([await cost('none', false), await cost('none', true)]).toEqual([0.5, 1]);
    });

    check('[TABLE-4] a page costs by the sum of its items, rounded up once', async () => {
      const pk = freshPartition();
      for (let i = 0; i < 20; i += 1) await table().put({ item: itemOfSize({ pk, sk: `s${10 + i}` }, 400) });
      const cost = async (limit: number, consistent: boolean): Promise<Capacity> =>
        (await table().query({ pk, limit, consistent })).capacity;
      expect(await cost(20, false)).toEqual({ read: 1, write: 0 });
      expect(await cost(20, true)).toEqual({ read: 2, write: 0 });
      expect(await cost(10, false)).toEqual({ read: 0.5, write: 0 });
      expect((await table().query({ pk: freshPartition() })).capacity.read).toBe(0.5);
      expect((await table().query({ index: 'inbox', inbox: pk })).capacity.read).toBe(0.5);
    });

    check('[TABLE-4] a batch costs the sum of its parts, each rounded up', async () => {
      const pk = freshPartition();
      const keys = [0, 1, 2].map((i) => ({ pk, sk: `s${i}` }));
      const [first, second, third] = keys.map((key, i) => itemOfSize(key, [100, 4_000, 5_000][i] ?? 100));
      if (first === undefined || second === undefined || third === undefined) throw new Error('three items');
      const written = await table().batchWrite([{ put: first }, { put: second }, { put: third }]);
      expect(written.capacity).toEqual({ read: 0, write: 1 + 4 + 5 });
      expect((await table().batchGet([...keys, { pk, sk: 'none' }])).capacity.read).toBe(0.5 + 0.5 + 1 + 0.5);
      expect((await table().batchGet(keys, true)).capacity.read).toBe(1 + 1 + 2);
      const deleted = await table().batchWrite([{ delete: { pk, sk: 's2' } }, { delete: { pk, sk: 'none' } }]);
      expect(deleted.capacity.write).toBe(5 + 1);
    });
  });
};
