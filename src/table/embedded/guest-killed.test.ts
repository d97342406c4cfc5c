import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openJournaledKv } from './journaled-kv.ts';
import { openLmdbKv } from './lmdb-kv.ts';

const never = { layerBytesMax: Number.MAX_SAFE_INTEGER, restMs: 3_600_000 };

/**
 * A guest that is killed when its commit's last page is in the file, and LMDB's lock file does not name the commit yet: that
 * is one pwrite before, and put right by whoever takes the lock next, since its holder is dead.
 */
const guest = (folder: string): string => `
  import { openSync, readSync, writeSync } from 'node:fs';
  import { openJournaledKv } from '${new URL('journaled-kv.ts', import.meta.url).href}';
  import { openLmdbKv } from '${new URL('lmdb-kv.ts', import.meta.url).href}';
  const kv = await openJournaledKv(openLmdbKv('${folder}'), '${folder}');
  await kv.transact((writer) => writer.put('items', 'next', Buffer.from('the guest’s')));
  await kv.transact(() => {
    const lock = openSync('${folder}/lock.mdb', 'r+');
    const newest = Buffer.alloc(8);
    readSync(lock, newest, 0, 8, 8);
    newest.writeBigUInt64LE(newest.readBigUInt64LE() - 1n);
    writeSync(lock, newest, 0, 8, 8);
    process.kill(process.pid, 'SIGKILL');
  });
`;

test('[TABLE-5] what a guest had written when it was killed stands there for the owner, before it writes anything', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-killed-'));
  const owner = await openJournaledKv(openLmdbKv(folder), folder, never);
  const args = ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', guest(folder)];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  await once(child, 'exit');
  while (owner.aloneSince === undefined) await setTimeout(1);
  // Whatever stands there: two must not both find nothing.
  const found = await owner.transact((writer) => {
    const there = writer.get('items', 'next');
    if (there === undefined) writer.put('items', 'next', Buffer.from('the owner’s'));
    return there && Buffer.from(there).toString();
  });
  await owner.close();
  await rm(folder, { recursive: true, force: true });
  expect(found).toBe('the guest’s');
});
