import { cpSync, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openJournaledKv } from './journaled-kv.ts';
import type { Kv } from './kv.ts';
import { openLmdbKv } from './lmdb-kv.ts';

/** A disk that fails once it has taken all of a write, as a file system does whose flush fails: what it took can be read. */
const disk = { broken: false };

vi.mock('node:fs', async (load) => {
  const real = await load<typeof import('node:fs')>();
  const write = (
    descriptor: number,
    bytes: Buffer,
    from: number,
    length: number,
    position: number,
    done: (error: Error | null, written: number) => void,
  ): void =>
    real.write(descriptor, bytes, from, length, position, (error, written) =>
      done(disk.broken ? new Error('EIO: i/o error, write') : error, written),
    );
  return { ...real, write };
});

let folder: string;
const opened: Kv[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-eio-'));
});

afterEach(async () => {
  disk.broken = false;
  for (const kv of opened.splice(0)) await kv.close();
  await rm(folder, { recursive: true, force: true });
});

const open = async (restMs: number, path = folder): Promise<Kv> => {
  const kv = await openJournaledKv(openLmdbKv(path), path, { layerBytesMax: Number.MAX_SAFE_INTEGER, restMs });
  opened.push(kv);
  return kv;
};
const put = (kv: Kv, key: string, value: string): Promise<void> =>
  kv.transact((writer) => writer.put('items', key, Buffer.from(value)));
const shown = (kv: Kv, key: string): string | undefined => {
  const bytes = kv.read((reader) => reader.get('items', key));
  return bytes && Buffer.from(bytes).toString();
};

test('[LOG-8] what failed, and was seen not to be there, does not come with what is carried over', async () => {
  const kv = await open(30);
  await put(kv, 'a', 'kept');
  disk.broken = true;
  await expect(put(kv, 'b', 'failed')).rejects.toThrow('EIO');
  disk.broken = false;
  expect(shown(kv, 'b')).toBeUndefined();
  await setTimeout(200);
  expect([shown(kv, 'a'), shown(kv, 'b')]).toEqual(['kept', undefined]);
});

test('[LOG-8] what failed is not applied after a crash over what was acknowledged since', async () => {
  // Both files are there, so that the next generation need not make its own.
  for (const key of ['first', 'second']) {
    const kv = await open(3_600_000);
    await put(kv, key, key);
    await opened.pop()?.close();
  }
  const kv = await open(3_600_000);
  disk.broken = true;
  await expect(put(kv, 'k', 'failed')).rejects.toThrow('EIO');
  disk.broken = false;
  // While somebody else has the table open, its journal is not written to.
  const guest = await open(3_600_000);
  await put(guest, 'k', 'acknowledged');
  expect(shown(kv, 'k')).toBe('acknowledged');
  const image = await mkdtemp(join(tmpdir(), 'parley-eio-crash-'));
  for (const name of ['data.mdb', 'journal.0', 'journal.1'])
    if (existsSync(join(folder, name))) cpSync(join(folder, name), join(image, name));
  expect(shown(await open(3_600_000, image), 'k')).toBe('acknowledged');
});
