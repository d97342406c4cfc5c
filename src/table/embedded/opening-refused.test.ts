import { cpSync, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournaledKv } from './journaled-kv.ts';
import { openLmdbKv } from './lmdb-kv.ts';

const never = { layerBytesMax: Number.MAX_SAFE_INTEGER, restMs: 3_600_000 };

test('[LOG-8] a table that could not apply what a crash left is nobody’s, and the next who opens it applies it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-zombie-'));
  const image = await mkdtemp(join(tmpdir(), 'parley-zombie-image-'));
  const crashed = await openJournaledKv(openLmdbKv(folder), folder, never);
  await crashed.transact((writer) => writer.put('items', 'k', Buffer.from('acknowledged')));
  for (const name of ['data.mdb', 'journal.0', 'journal.1'])
    if (existsSync(join(folder, name))) cpSync(join(folder, name), join(image, name));
  await crashed.close();

  const lmdb = openLmdbKv(image);
  let transactions = 0;
  const full: typeof lmdb = {
    ...lmdb,
    get unsettled() {
      return undefined;
    },
    transact: (step) => {
      transactions += 1;
      // The first takes the table, the second applies the journal.
      return transactions === 2 ? Promise.reject(new Error('ENOSPC: no space left on device')) : lmdb.transact(step);
    },
  };
  await expect(openJournaledKv(full, image, never)).rejects.toThrow('ENOSPC');
  await lmdb.close();
  const again = await openJournaledKv(openLmdbKv(image), image, never);
  const seen = again.read((reader) => reader.get('items', 'k'));
  const alone = again.aloneSince !== undefined;
  const sockets = readdirSync(image).filter((name) => name.endsWith('.sock'));
  await again.close();
  await rm(folder, { recursive: true, force: true });
  await rm(image, { recursive: true, force: true });
  expect(seen && Buffer.from(seen).toString()).toBe('acknowledged');
  expect(alone).toBe(true);
  expect(sockets).toHaveLength(1);
});

test('[TABLE-5] one that cannot take the table, since nothing can be written, leaves no socket behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-zombie-'));
  const lmdb = openLmdbKv(folder);
  const full: typeof lmdb = {
    ...lmdb,
    get unsettled() {
      return undefined;
    },
    transact: () => Promise.reject(new Error('ENOSPC: no space left on device')),
  };
  for (let n = 0; n < 5; n += 1) await expect(openJournaledKv(full, folder, never)).rejects.toThrow('ENOSPC');
  await lmdb.close();
  const sockets = readdirSync(folder).filter((name) => name.endsWith('.sock'));
  await rm(folder, { recursive: true, force: true });
  expect(sockets).toEqual([]);
});
