import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QueryPosition } from '#table/port';
import { localRig, place, watched } from '../../test/crypto/rig.ts';
import { deleteKeysOf, rewrapKeys } from './key-lifecycle.ts';
import { keyCatalog } from './key-patterns.ts';
import { createLocalWrapper } from './local-wrapper.ts';

let rig: Awaited<ReturnType<typeof localRig>>;
beforeEach(async () => {
  rig = await localRig();
});
afterEach(() => rig.done());

const deadline = Number.MAX_SAFE_INTEGER;

test('[USER-5] an author’s keys, all generations in all conversations, are deleted in batches; others’ are not', async () => {
  const { sealer, keyring } = rig.node();
  const mine = [];
  for (let conversation = 1; conversation <= 40; conversation += 1) {
    const at = place(1, 1, conversation);
    mine.push({ place: at, sealed: await sealer.seal(at, 'mine') });
    if (conversation % 4 === 0) await keyring.rotateDataKey(at);
  }
  const theirs = { place: place(2, 2), sealed: await sealer.seal(place(2, 2), 'theirs') };
  const results = [];
  do results.push(await deleteKeysOf(rig.table, place(1).author, { limit: 30 }));
  while (results.at(-1)?.done === false);
  expect(results).toEqual([
    { deleted: 30, done: false },
    { deleted: 20, done: true },
  ]);
  expect(await deleteKeysOf(rig.table, place(1).author)).toEqual({ deleted: 0, done: true });
  sealer.forget(place(1).author);
  for (const node of [sealer, rig.node().sealer]) {
    const opened = await node.open([...mine, theirs]);
    expect(opened.at(-1)).toEqual({ text: 'theirs' });
    expect(opened.slice(0, -1)).toEqual(mine.map(() => ({ unreadable: 'key_gone' })));
  }
});

test('[USER-5] deletion stopped after any batch goes on where it was', async () => {
  const { sealer } = rig.node();
  for (let conversation = 1; conversation <= 60; conversation += 1) await sealer.seal(place(1, 1, conversation), 'x');
  let writes = 0;
  const table = watched(rig.table, async (operation, run) => {
    if (operation === 'batchWrite') {
      writes += 1;
      if (writes === 2) throw new Error('killed');
    }
    return run();
  });
  await expect(deleteKeysOf(table, place(1).author)).rejects.toThrow('killed');
  expect((await rig.table.scan({})).items).toHaveLength(35);
  expect(await deleteKeysOf(table, place(1).author)).toEqual({ deleted: 35, done: true });
});

test('[USER-5] a key made anew after deletion does not read what the deleted one sealed', async () => {
  const { sealer } = rig.node();
  const sealed = await sealer.seal(place(1), 'before');
  await deleteKeysOf(rig.table, place(1).author);
  sealer.forget(place(1).author);
  const anew = await sealer.seal(place(2), 'after');
  expect(
    await rig.node().sealer.open([
      { place: place(1), sealed },
      { place: place(2), sealed: anew },
    ]),
  ).toEqual([{ unreadable: 'wrong_key' }, { text: 'after' }]);
});

test('[SEC-2] wrapping anew goes in batches, and afterwards the old key file can be removed', async () => {
  const { sealer } = rig.node();
  const items = [];
  for (let author = 1; author <= 25; author += 1)
    items.push({ place: place(1, author), sealed: await sealer.seal(place(1, author), 'x') });
  await rig.wrapper.rotate();
  items.push({ place: place(1, 26), sealed: await sealer.seal(place(1, 26), 'x') });

  let start: QueryPosition | undefined;
  const sums = { seen: 0, rewrapped: 0, unreadable: 0, batches: 0 };
  do {
    const batch = await rewrapKeys(rig.table, rig.wrapper, { deadline, limit: 10, ...(start && { start }) });
    sums.seen += batch.seen;
    sums.rewrapped += batch.rewrapped;
    sums.unreadable += batch.unreadable;
    sums.batches += 1;
    start = batch.next;
  } while (start !== undefined);
  expect(sums).toEqual({ seen: 26, rewrapped: 25, unreadable: 0, batches: 3 });

  await rm(join(rig.folder, 'kek-000001.json'));
  const wrapper = await createLocalWrapper({ folder: rig.folder, nodeEnv: 'test' });
  expect(await rig.node({ wrapper }).sealer.open(items)).toEqual(items.map(() => ({ text: 'x' })));
});

test('[TABLE-4] each life-cycle pattern costs what the catalog says', async () => {
  const { sealer } = rig.node();
  for (const conversation of [1, 2, 3]) await sealer.seal(place(1, 1, conversation), 'x');
  await rig.wrapper.rotate();
  const costs: unknown[] = [];
  const table = watched(rig.table, async (operation, run) => {
    const result = await run();
    costs.push([operation, result.capacity]);
    return result;
  });
  await rewrapKeys(table, rig.wrapper, { deadline });
  await deleteKeysOf(table, place(1).author);
  expect(costs).toEqual([
    ['scan', { read: 0.5, write: 0 }],
    ...Array(3).fill(['update', { read: 0, write: 1 }]),
    ['query', { read: 1, write: 0 }],
    ['batchWrite', { read: 0, write: 3 }],
  ]);
  expect(keyCatalog.scanDataKeys.cost).toBe('1 read per 8 KB');
  expect(keyCatalog.rewrapDataKey.cost).toBe('1 write');
  expect(keyCatalog.listDataKeysOf.cost).toBe('1 read per 4 KB (consistent)');
  expect(keyCatalog.deleteDataKeysOf.cost).toBe('1 write each');
});

test('[SEC-2] of two walks that meet at a key, one wraps it anew', async () => {
  const { sealer } = rig.node();
  await sealer.seal(place(1), 'x');
  await rig.wrapper.rotate();
  const other: unknown[] = [];
  const table = watched(rig.table, async (operation, run) => {
    if (operation === 'update') other.push(await rewrapKeys(rig.table, rig.wrapper, { deadline }));
    return run();
  });
  expect(await rewrapKeys(table, rig.wrapper, { deadline })).toEqual({ seen: 1, rewrapped: 0, unreadable: 0 });
  expect(other).toEqual([{ seen: 1, rewrapped: 1, unreadable: 0 }]);
});

test('[SEC-2] a key deleted while it is wrapped anew stays deleted', async () => {
  const { sealer } = rig.node();
  await sealer.seal(place(1), 'x');
  await rig.wrapper.rotate();
  const table = watched(rig.table, async (operation, run) => {
    if (operation === 'update') await deleteKeysOf(rig.table, place(1).author);
    return run();
  });
  expect(await rewrapKeys(table, rig.wrapper, { deadline })).toEqual({ seen: 1, rewrapped: 0, unreadable: 0 });
  expect((await rig.table.scan({})).items).toEqual([]);
});

test('[SEC-3] wrapping anew counts what can not be unwrapped and passes it by', async () => {
  const { sealer } = rig.node();
  for (const author of [1, 2, 3]) await sealer.seal(place(1, author), 'x');
  const [first, second] = (await rig.table.scan({})).items;
  if (first === undefined || second === undefined) throw new TypeError('three keys were made');
  await rig.table.put({ item: { ...first, wrapped: new Uint8Array(60) } });
  await rig.table.put({ item: { pk: second.pk, sk: second.sk, type: 'data_key' } });
  await rig.wrapper.rotate();
  expect(await rewrapKeys(rig.table, rig.wrapper, { deadline })).toEqual({ seen: 3, rewrapped: 1, unreadable: 2 });
});
