import { cpSync, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type JournalLimits, openJournaledKv } from './journaled-kv.ts';
import { openLmdbKv } from './lmdb-kv.ts';
import { tokenIn } from './ownership.ts';

const never: JournalLimits = { layerBytesMax: Number.MAX_SAFE_INTEGER, restMs: 3_600_000 };

test('[LOG-8] whoever opens the table while another applies what a crash left waits for all of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-share-'));
  const image = await mkdtemp(join(tmpdir(), 'parley-share-image-'));
  const crashed = await openJournaledKv(openLmdbKv(folder), folder, never);
  // Several commits of LMDB.
  await crashed.transact((writer) => {
    for (let n = 0; n < 3_000; n += 1) writer.put('items', `k${String(n).padStart(5, '0')}`, Buffer.from('old'));
  });
  for (const name of ['data.mdb', 'journal.0', 'journal.1'])
    if (existsSync(join(folder, name))) cpSync(join(folder, name), join(image, name));
  await crashed.close();

  const looking = openLmdbKv(image);
  const before = looking.read(tokenIn);
  const opening = openJournaledKv(openLmdbKv(image), image, never);
  while (looking.read(tokenIn) === before) await setImmediate();
  const guest = await openJournaledKv(openLmdbKv(image), image, never);
  const seen = await guest.transact((writer) => {
    const found = writer.get('items', 'k02999');
    writer.put('items', 'k02999', Buffer.from('new'));
    return found && Buffer.from(found).toString();
  });
  const owner = await opening;
  const last = owner.read((reader) => reader.get('items', 'k02999'));
  await guest.close();
  await owner.close();
  await looking.close();
  await rm(folder, { recursive: true, force: true });
  await rm(image, { recursive: true, force: true });
  expect({ seen, last: last && Buffer.from(last).toString() }).toEqual({ seen: 'old', last: 'new' });
});
