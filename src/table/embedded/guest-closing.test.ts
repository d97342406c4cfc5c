import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openJournaledKv } from './journaled-kv.ts';
import { type LmdbKv, openLmdbKv } from './lmdb-kv.ts';

const never = { layerBytesMax: Number.MAX_SAFE_INTEGER, restMs: 3_600_000 };

test('[TABLE-5] a guest that closes while it takes its owner’s place leaves nobody behind who answers for the table', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-close-'));
  const lmdb = openLmdbKv(folder);
  let letGo = (): void => undefined;
  let held: Promise<void> | undefined;
  const slow: LmdbKv = {
    ...lmdb,
    transact: async (step) => {
      await held;
      return lmdb.transact(step);
    },
  };
  const owner = await openJournaledKv(openLmdbKv(folder), folder, never);
  const guest = await openJournaledKv(slow, folder, never);
  held = new Promise((resolve) => {
    letGo = resolve;
  });
  await owner.close();
  while (readdirSync(folder).filter((name) => name.endsWith('.sock')).length === 0) await setTimeout(1);
  const closing = guest.close();
  await setTimeout(20);
  letGo();
  await closing;
  await setTimeout(20);
  const left = readdirSync(folder).filter((name) => name.endsWith('.sock'));
  const next = await openJournaledKv(openLmdbKv(folder), folder, never);
  const alone = next.aloneSince !== undefined;
  await next.close();
  await rm(folder, { recursive: true, force: true });
  expect({ left, alone }).toEqual({ left: [], alone: true });
});
