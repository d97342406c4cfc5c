/** Commits that are made while the one before them is on its way to the disk: what they see, and what becomes of them. */
import { cpSync, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type JournalLimits, openJournaledKv } from './journaled-kv.ts';
import type { Kv } from './kv.ts';
import { openLmdbKv } from './lmdb-kv.ts';

/** The disk: writes wait here until it is let go, and fail while it is broken. */
const disk = { free: Promise.resolve(), broken: false, letGo: (): void => undefined };

vi.mock('./journal.ts', async (load) => {
  const real = await load<typeof import('./journal.ts')>();
  return {
    ...real,
    createJournal: (file: string, generation: number): ReturnType<typeof real.createJournal> => {
      const journal = real.createJournal(file, generation);
      return {
        get bytes() {
          return journal.bytes;
        },
        append: async (writes) => {
          await disk.free;
          if (disk.broken) throw new Error('no space left on the device');
          await journal.append(writes);
        },
        close: journal.close,
      };
    },
  };
});

const hold = (): void => {
  disk.free = new Promise((resolve) => {
    disk.letGo = resolve;
  });
};

let folder: string;
const opened: Kv[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-line-'));
  Object.assign(disk, { free: Promise.resolve(), broken: false });
});

afterEach(async () => {
  disk.letGo();
  for (const kv of opened.splice(0)) await kv.close();
  await rm(folder, { recursive: true, force: true });
});

const never: JournalLimits = { layerBytesMax: Number.MAX_SAFE_INTEGER, restMs: 3_600_000 };

const open = async (path: string, limits = never): Promise<Kv> => {
  const kv = await openJournaledKv(openLmdbKv(path), path, limits);
  opened.push(kv);
  return kv;
};

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const shown = (kv: Kv, key: string): string | undefined => textOf(kv.read((reader) => reader.get('items', key)));
/** Puts a key to what another one holds, and `+`. */
const putAfter = (kv: Kv, key: string, before: string): Promise<string | undefined> =>
  kv.transact((writer) => {
    const seen = textOf(writer.get('items', before));
    writer.put('items', key, Buffer.from(`${seen ?? ''}+`));
    return seen;
  });

test('[LOG-8] a commit sees the one that is being written before it; nobody else does before that is on disk', async () => {
  const kv = await open(folder);
  hold();
  const first = putAfter(kv, 'a', 'nothing');
  const second = putAfter(kv, 'b', 'a');
  const third = kv.transact((writer) => textOf(writer.get('items', 'b')));
  await setImmediate();
  expect([shown(kv, 'a'), shown(kv, 'b')]).toEqual([undefined, undefined]);
  disk.letGo();
  expect(await Promise.all([first, second, third])).toEqual([undefined, '+', '++']);
  expect([shown(kv, 'a'), shown(kv, 'b')]).toEqual(['+', '++']);
});

test('[LOG-8] when a commit cannot be written, those that built on it fail with it, and those after do not', async () => {
  const kv = await open(folder);
  await putAfter(kv, 'before', 'nothing');
  hold();
  disk.broken = true;
  const lost = [
    putAfter(kv, 'a', 'before'),
    putAfter(kv, 'b', 'a'),
    kv.transact((writer) => textOf(writer.get('items', 'a'))),
  ].map((one) => one.then(String, (error: Error) => error.message));
  await setImmediate();
  disk.letGo();
  expect(await Promise.all(lost)).toEqual(Array(3).fill('no space left on the device'));
  disk.broken = false;
  expect(await putAfter(kv, 'c', 'a')).toBeUndefined();
  expect(['before', 'a', 'b', 'c'].map((key) => shown(kv, key))).toEqual(['+', undefined, undefined, '+']);
  opened.splice(0);
  await kv.close();
  const again = await open(folder);
  expect(['before', 'a', 'b', 'c'].map((key) => shown(again, key))).toEqual(['+', undefined, undefined, '+']);
});

test('[LOG-8] a commit that waits for a generation to be full fails with the one it waits for', async () => {
  const kv = await open(folder, { layerBytesMax: 1, restMs: 3_600_000 });
  hold();
  const { letGo } = disk;
  const first = putAfter(kv, 'a', 'nothing');
  const second = putAfter(kv, 'b', 'a').catch((error: Error) => error.message);
  await setImmediate();
  hold();
  letGo();
  await first;
  // The generation is full by now, and the second commit still on its way into it.
  const third = putAfter(kv, 'c', 'b').catch((error: Error) => error.message);
  await setImmediate();
  disk.broken = true;
  disk.letGo();
  expect(await Promise.all([second, third])).toEqual(Array(2).fill('no space left on the device'));
  disk.broken = false;
  expect(await putAfter(kv, 'd', 'a')).toBe('+');
  expect(['a', 'b', 'c', 'd'].map((key) => shown(kv, key))).toEqual(['+', undefined, undefined, '++']);
});

test('[LOG-8] commits that do not wait for each other keep their order over generations, a rest and a crash', async () => {
  const kv = await open(folder, { layerBytesMax: 600, restMs: 1 });
  const commits = 300;
  let acknowledged = 0;
  const all = Array.from({ length: commits }, async (_, n) => {
    const seen = await kv.transact((writer) => {
      const before = Number(textOf(writer.get('items', 'count')) ?? 0);
      writer.put('items', 'count', Buffer.from(String(before + 1)));
      writer.put('items', `of ${before}`, Buffer.from(String(n)));
      return before;
    });
    expect(seen).toBe(n);
    expect(Number(shown(kv, 'count'))).toBeGreaterThan(n);
    acknowledged += 1;
  });
  while (acknowledged < commits / 2) await setImmediate();
  const least = acknowledged;
  const image = await mkdtemp(join(tmpdir(), 'parley-crash-'));
  for (const name of ['data.mdb', 'journal.0', 'journal.1']) {
    if (existsSync(join(folder, name))) cpSync(join(folder, name), join(image, name));
  }
  await Promise.all(all);
  const after = await open(image);
  const count = Number(shown(after, 'count'));
  expect(count).toBeGreaterThanOrEqual(least);
  for (let n = 0; n < commits; n += 1) expect(shown(after, `of ${n}`)).toBe(n < count ? String(n) : undefined);
  await rm(image, { recursive: true, force: true });
});
