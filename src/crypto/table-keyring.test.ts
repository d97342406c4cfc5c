import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TableError } from '#table/errors';
import type { Capacity } from '#table/port';
import { ciphersOnly, kidWithin, localRig, place, watched } from '../../test/crypto/rig.ts';
import { keyCatalog } from './key-patterns.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import type { Opened, Sealer } from './port.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

let rig: Awaited<ReturnType<typeof localRig>>;
beforeEach(async () => {
  rig = await localRig();
});
afterEach(() => rig.done());

const openOne = async (sealer: Sealer, at: ReturnType<typeof place>, sealed: string): Promise<Opened | undefined> =>
  (await sealer.open([{ place: at, sealed }]))[0];

const generations = async (): Promise<readonly string[]> =>
  (await rig.table.scan({})).items.map((item) => item.sk.slice(-6)).sort();

describe('one key for a conversation and author', () => {
  test('[SEC-2] nodes that seal at the same moment agree on one key, and read each other', async () => {
    const nodes = Array.from({ length: 8 }, () => rig.node({ sealer: ciphersOnly }));
    const sealed = await Promise.all(nodes.map(({ sealer }, n) => sealer.seal(place(n + 1), `from ${n}`)));
    expect(await generations()).toEqual(['000001']);
    for (const { sealer } of nodes)
      expect(await sealer.open(sealed.map((text, n) => ({ place: place(n + 1), sealed: text })))).toEqual(
        nodes.map((_, n) => ({ text: `from ${n}` })),
      );
    expect(nodes.reduce((sum, { keyring }) => sum + keyring.counters.minted, 0)).toBe(1);
  });

  test('[SEC-2] no buffer is left with a key’s bytes: neither with those that serve nor with those that lost to another node’s', async () => {
    const made: Buffer[] = [];
    const wrapper: KeyWrapper = {
      ...rig.wrapper,
      async generate(context, deadline) {
        const key = await rig.wrapper.generate(context, deadline);
        made.push(key.plain);
        return key;
      },
    };
    await Promise.all([1, 2, 3].map((seq) => rig.node({ wrapper }).sealer.seal(place(seq), 'x')));
    expect(made).toHaveLength(3);
    expect(made.filter((plain) => plain.equals(Buffer.alloc(32)))).toHaveLength(3);
  });

  test('[SEC-2] another author, or another conversation, has another key', async () => {
    const { sealer } = rig.node();
    const kids = new Set<string>();
    for (const at of [place(1), place(1, 2), place(1, 1, 2)]) kids.add(kidWithin(await sealer.seal(at, 'x')));
    expect(kids.size).toBe(3);
    const { items } = await rig.table.scan({});
    expect(new Set(items.map((item) => String(item.wrapped))).size).toBe(3);
  });

  test('[SEC-2] many who wait for one key cost one request', async () => {
    const writer = rig.node();
    const sealed = await Promise.all(Array.from({ length: 50 }, (_, n) => writer.sealer.seal(place(n + 1), `${n}`)));
    expect(writer.keyring.counters.minted).toBe(1);
    let gets = 0;
    const table = watched(rig.table, (operation, run) => {
      if (operation === 'get') gets += 1;
      return run();
    });
    const { sealer } = rig.node({ table });
    const opened = await Promise.all(sealed.map((text, n) => openOne(sealer, place(n + 1), text)));
    expect(opened).toEqual(sealed.map((_, n) => ({ text: `${n}` })));
    expect(gets).toBe(1);
  });

  test('[TABLE-4] each pattern costs what the catalog says', async () => {
    const costs: { readonly operation: string; readonly capacity: Capacity }[] = [];
    const table = watched(rig.table, async (operation, run) => {
      const result = await run();
      costs.push({ operation, capacity: result.capacity });
      return result;
    });
    const { sealer } = rig.node({ table });
    const sealed = await sealer.seal(place(1), 'x');
    expect(costs).toEqual([
      { operation: 'query', capacity: { read: 1, write: 0 } },
      { operation: 'put', capacity: { read: 0, write: 1 } },
    ]);
    costs.length = 0;
    sealer.forget(place(1).author);
    await openOne(sealer, place(1), sealed);
    expect(costs).toEqual([{ operation: 'get', capacity: { read: 1, write: 0 } }]);
    costs.length = 0;
    await sealer.seal(place(2), 'y');
    await openOne(sealer, place(1), sealed);
    expect(costs.map(({ operation }) => operation)).toEqual(['query']);
    expect(keyCatalog.createDataKey.cost).toBe('1 write');
    costs.length = 0;
    const page = [place(1), place(3, 2), place(4, 3)];
    const items = await Promise.all(page.map(async (at) => ({ place: at, sealed: await sealer.seal(at, 'z') })));
    const reader = rig.node({ table }).sealer;
    costs.length = 0;
    await reader.open(items);
    expect(costs).toEqual([{ operation: 'batchGet', capacity: { read: 3, write: 0 } }]);
    expect(keyCatalog.getDataKey.cost).toBe('1 read (consistent)');
    expect(keyCatalog.getDataKeys.cost).toBe('1 read each (consistent)');
    expect(keyCatalog.newestDataKey.cost).toBe('1 read (consistent)');
  });
});

describe('the keys of one page', () => {
  test('[SEC-2] come in one request, each once, however many pages of other readers wait for them too', async () => {
    const writer = rig.node();
    const items = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const at = place(n + 1, n % 2, Math.floor(n / 20));
        return { place: at, sealed: await writer.sealer.seal(at, `text ${n}`) };
      }),
    );
    const asked: string[] = [];
    const table = watched(rig.table, (operation, run) => {
      asked.push(operation);
      return run();
    });
    const { sealer, keyring } = rig.node({ table });
    const [page, other, both] = await Promise.all([
      sealer.open(items.slice(0, 20)),
      sealer.open(items.slice(20)),
      sealer.open(items),
    ]);
    expect([...page, ...other]).toEqual(items.map((_, n) => ({ text: `text ${n}` })));
    expect(both).toEqual([...page, ...other]);
    expect(asked).toEqual(['batchGet']);
    expect(keyring.counters.unwrapped).toBe(4);
  });

  test('[SEC-3] one that is gone, one that is damaged and one of another id leave the others readable', async () => {
    const writer = rig.node();
    const items = await Promise.all(
      [1, 2, 3, 4].map(async (author) => {
        const at = place(author, author);
        return { place: at, sealed: await writer.sealer.seal(at, `by ${author}`) };
      }),
    );
    const stored = (await rig.table.scan({})).items;
    const itemOf = (author: number) => {
      const item = stored.find(({ pk }) => pk === `KEY#${place(1, author).author}`);
      if (item === undefined) throw new TypeError('each author has a key');
      return item;
    };
    const { pk, sk } = itemOf(2);
    await rig.table.delete({ key: { pk, sk } });
    await rig.table.put({ item: { ...itemOf(3), generation: 'one' } });
    // Two texts that name keys of one generation, of which there can be but one.
    const forged = items.map(({ place: at, sealed }) => ({
      place: at,
      sealed: sealed.replace(/[^.]{11}/, 'AAECAwQFBgc'),
    }));
    const opened = await rig.node().sealer.open([...items, ...forged.slice(3)]);
    expect(opened).toEqual([
      { text: 'by 1' },
      { unreadable: 'key_gone' },
      { unreadable: 'wrong_key' },
      { text: 'by 4' },
      { unreadable: 'wrong_key' },
    ]);
  });
});

describe('bounds on what is held', () => {
  test('[SEC-2] by count: with room for one key, a page of twenty authors still opens', async () => {
    const writer = rig.node();
    const items = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const at = place(n + 1, n + 1);
        return { place: at, sealed: await writer.sealer.seal(at, `text ${n}`) };
      }),
    );
    const { sealer, keyring } = rig.node({ keyring: { keysMax: 1 }, sealer: ciphersOnly });
    expect(await sealer.open(items)).toEqual(items.map((_, n) => ({ text: `text ${n}` })));
    expect(keyring.counters).toMatchObject({ held: 1, unwrapped: 20 });
  });

  test('[SEC-2] by count: the key used last stays, whether it seals or opens', async () => {
    const { sealer, keyring } = rig.node({ keyring: { keysMax: 2 } });
    for (const author of [1, 2, 1, 3, 1, 4, 1]) await sealer.seal(place(1, author), 'x');
    expect(keyring.counters).toMatchObject({ held: 2, minted: 4, unwrapped: 0 });
  });

  test('[SEC-2] by age: after ten minutes a key is unwrapped again', async () => {
    const { sealer, keyring } = rig.node({ sealer: ciphersOnly });
    const sealed = await sealer.seal(place(1), 'x');
    rig.clock.now += 10 * minute - 1;
    await openOne(sealer, place(1), sealed);
    expect(keyring.counters.unwrapped).toBe(0);
    rig.clock.now += 1;
    await openOne(sealer, place(1), sealed);
    expect(keyring.counters.unwrapped).toBe(1);
  });

  test('[SEC-2] by use: after so many a key is unwrapped again', async () => {
    const { sealer, keyring } = rig.node({ keyring: { usesMax: 5 }, sealer: ciphersOnly });
    const sealed = await sealer.seal(place(1), 'x');
    for (let n = 0; n < 4; n += 1) await openOne(sealer, place(1), sealed);
    expect(keyring.counters.unwrapped).toBe(0);
    expect(await openOne(sealer, place(1), sealed)).toEqual({ text: 'x' });
    expect(keyring.counters.unwrapped).toBe(1);
  });

  test('[SEC-2] by use: a page that takes the last of them and more is opened all the same', async () => {
    const writer = rig.node();
    const items = await Promise.all(
      Array.from({ length: 9 }, async (_, n) => ({
        place: place(n + 1),
        sealed: await writer.sealer.seal(place(n + 1), `text ${n}`),
      })),
    );
    const { sealer, keyring } = rig.node({ keyring: { usesMax: 5 }, sealer: ciphersOnly });
    await sealer.open(items.slice(0, 1));
    expect(await sealer.open(items)).toEqual(items.map((_, n) => ({ text: `text ${n}` })));
    expect(keyring.counters).toMatchObject({ held: 1, unwrapped: 2 });
  });

  test('[SEC-2] a key that is fetched while its author is forgotten serves those who wait and is not kept', async () => {
    const writer = rig.node();
    const sealed = await writer.sealer.seal(place(1), 'x');
    let let_go = (): void => undefined;
    const held_up = new Promise<void>((resolve) => {
      let_go = resolve;
    });
    const table = watched(rig.table, async (_, run) => {
      await held_up;
      return run();
    });
    const { sealer, keyring } = rig.node({ table });
    const opening = openOne(sealer, place(1), sealed);
    await Promise.resolve();
    sealer.forget(place(1).author);
    let_go();
    expect(await opening).toEqual({ text: 'x' });
    expect(keyring.counters.held).toBe(0);
    expect(await openOne(sealer, place(1), sealed)).toEqual({ text: 'x' });
    expect(sealer.counters.recalled).toBe(0);
  });

  test('[SEC-3] a key that is gone is not looked for with every page', async () => {
    const writer = rig.node();
    const sealed = await writer.sealer.seal(place(1), 'x');
    await rig.table.batchWrite((await rig.table.scan({})).items.map(({ pk, sk }) => ({ delete: { pk, sk } })));
    let gets = 0;
    const table = watched(rig.table, (_, run) => {
      gets += 1;
      return run();
    });
    const { sealer } = rig.node({ table });
    for (let n = 0; n < 10; n += 1) expect(await openOne(sealer, place(1), sealed)).toEqual({ unreadable: 'key_gone' });
    expect(gets).toBe(1);
    rig.clock.now += minute;
    await openOne(sealer, place(1), sealed);
    expect(gets).toBe(2);
  });
});

describe('rotation of data keys', () => {
  test('[SEC-2] a rotated key seals no more and still opens what it sealed', async () => {
    const { sealer, keyring } = rig.node({ sealer: ciphersOnly });
    const before = await sealer.seal(place(1), 'before');
    expect(await keyring.rotateDataKey(place(1))).toBe(2);
    const after = await sealer.seal(place(2), 'after');
    expect(kidWithin(before)).not.toBe(kidWithin(after));
    for (const reader of [sealer, rig.node().sealer])
      expect(
        await reader.open([
          { place: place(1), sealed: before },
          { place: place(2), sealed: after },
        ]),
      ).toEqual([{ text: 'before' }, { text: 'after' }]);
  });

  test('[SEC-2] two who rotate at once make one generation', async () => {
    const nodes = [rig.node(), rig.node()];
    await nodes[0]?.sealer.seal(place(1), 'x');
    expect(await Promise.all(nodes.map(({ keyring }) => keyring.rotateDataKey(place(1))))).toEqual([2, 2]);
    expect(await generations()).toEqual(['000001', '000002']);
  });

  test('[SEC-2] a new generation comes by itself after 90 days, and after a million entries', async () => {
    const { sealer } = rig.node();
    await sealer.seal(place(1), 'x');
    await sealer.seal(place(1_000_000), 'x');
    expect(await generations()).toEqual(['000001']);
    await sealer.seal(place(1_000_001), 'x');
    expect(await generations()).toEqual(['000001', '000002']);
    rig.clock.now += 90 * day;
    await sealer.seal(place(1_000_002), 'x');
    await sealer.seal(place(1_000_003), 'x');
    expect(await generations()).toEqual(['000001', '000002', '000003']);
  });

  test('[SEC-3] a newest key that can not be unwrapped does not stop sending: the next generation seals', async () => {
    const writer = rig.node();
    const lost = await writer.sealer.seal(place(1), 'lost');
    const { items } = await rig.table.scan({});
    for (const item of items) await rig.table.put({ item: { ...item, wrapped: new Uint8Array(60) } });
    const { sealer } = rig.node();
    const sealed = await sealer.seal(place(2), 'goes on');
    expect(
      await rig.node().sealer.open([
        { place: place(1), sealed: lost },
        { place: place(2), sealed },
      ]),
    ).toEqual([{ unreadable: 'wrong_key' }, { text: 'goes on' }]);
  });
});

test('[SEC-3] a newest key whose id was changed to what is none seals nothing: the next generation does', async () => {
  await rig.node().sealer.seal(place(1), 'before');
  for (const item of (await rig.table.scan({})).items)
    await rig.table.put({ item: { ...item, key_id: 'a.b","zip":"' } });
  const sealed = await rig.node().sealer.seal(place(2), 'goes on');
  expect(kidWithin(sealed)).toMatch(/^2\.2\.[\w-]{11}$/);
  expect(await rig.node().sealer.open([{ place: place(2), sealed }])).toEqual([{ text: 'goes on' }]);
});

describe('a table of keys that does not answer', () => {
  test('[NET-2] a seal and an open that need it are unavailable; what is held goes on; afterwards all is well', async () => {
    let down = false;
    const table = watched(rig.table, (_, run) =>
      down ? Promise.reject(new TableError('unavailable', 'no answer', { outcome: 'unknown' })) : run(),
    );
    const { sealer, keyring } = rig.node({ table, sealer: ciphersOnly });
    const other = await rig.node().sealer.seal(place(1, 2), 'another');
    const sealed = await sealer.seal(place(1), 'held');
    down = true;
    expect(await openOne(sealer, place(1), sealed)).toEqual({ text: 'held' });
    await expect(openOne(sealer, place(1, 2), other)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(sealer.seal(place(1, 3), 'x')).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 });
    expect(keyring.counters.unavailable).toBe(2);
    down = false;
    expect(await openOne(sealer, place(1, 2), other)).toEqual({ text: 'another' });
    await sealer.seal(place(1, 3), 'x');
  });

  test('[NET-2] a put of a key whose outcome is unknown is settled by reading: there is one key', async () => {
    let lose = true;
    const table = watched(rig.table, async (operation, run) => {
      const result = await run();
      if (operation !== 'put' || !lose) return result;
      lose = false;
      throw new TableError('unavailable', 'no answer', { outcome: 'unknown' });
    });
    const { sealer } = rig.node({ table });
    await expect(sealer.seal(place(1), 'x')).rejects.toMatchObject({ code: 'unavailable' });
    const sealed = await sealer.seal(place(1), 'x');
    expect(await generations()).toEqual(['000001']);
    expect(await openOne(rig.node().sealer, place(1), sealed)).toEqual({ text: 'x' });
  });

  test('[NET-2] what fails at one caller’s deadline is tried again within another’s', async () => {
    const writer = rig.node();
    const sealed = await writer.sealer.seal(place(1), 'x');
    let gets = 0;
    const table = watched(rig.table, async (_, run) => {
      gets += 1;
      if (gets === 1) {
        rig.clock.now += 100;
        throw new TableError('unavailable', 'past the deadline');
      }
      return run();
    });
    const { sealer } = rig.node({ table });
    const start = rig.clock.now;
    const [short, long] = await Promise.allSettled([
      sealer.open([{ place: place(1), sealed }], start + 100),
      sealer.open([{ place: place(1), sealed }], start + 1_000),
    ]);
    expect(short.status).toBe('rejected');
    expect(long).toMatchObject({ status: 'fulfilled', value: [{ text: 'x' }] });
  });
});
