import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openJournaledKv } from './journaled-kv.ts';
import { openLmdbKv } from './lmdb-kv.ts';

/** Generations whose file cannot be opened, once each. */
const unopenable = new Set<number>();

vi.mock('./journal.ts', async (load) => {
  const real = await load<typeof import('./journal.ts')>();
  return {
    ...real,
    createJournal: (file: string, generation: number): ReturnType<typeof real.createJournal> => {
      if (unopenable.delete(generation)) throw new Error('EMFILE: too many open files');
      return real.createJournal(file, generation);
    },
  };
});

test('[LOG-8] a generation whose file cannot be opened leaves the file of the one that is being carried over alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-number-'));
  const lmdb = openLmdbKv(folder);
  let refusals = 0;
  const base: typeof lmdb = {
    ...lmdb,
    get unsettled() {
      return undefined;
    },
    transact: (step) => {
      if (refusals === 0) return lmdb.transact(step);
      refusals -= 1;
      return Promise.reject(new Error('ENOSPC: no space left on device'));
    },
  };
  const kv = await openJournaledKv(base, folder, { layerBytesMax: 1, restMs: 3_600_000 });
  const put = (key: string) => kv.transact((writer) => writer.put('items', key, Buffer.from(key)));
  await put('a');
  // The first generation is full: it is to be carried over, which fails once; and its successor's file cannot be opened.
  refusals = 1;
  unopenable.add(2);
  await expect(put('b')).rejects.toThrow('EMFILE');
  await put('c');
  await kv.close();
  const again = await openJournaledKv(openLmdbKv(folder), folder);
  const shown = ['a', 'b', 'c'].map((key) => again.read((reader) => reader.get('items', key)) !== undefined);
  await again.close();
  await rm(folder, { recursive: true, force: true });
  expect(shown).toEqual([true, false, true]);
});
