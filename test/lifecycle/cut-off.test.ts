/** What the audit says of an act of `bin/users` that was cut off, and how its process ends. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { begin, bin, ended, type Ran, run } from '../support/bin-scripts.ts';

// Every call is a process of its own, and a busy machine takes seconds for one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let env: Record<string, string>;
let who: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-cut-off-'));
  env = { PARLEY_DATA: folder };
  // More than a pipe holds, so that its export waits for a reader.
  const messages = Array.from({ length: 500 }, (_, n) => ({
    from: n % 2 === 0 ? 'ada' : 'bob',
    text: 'x'.repeat(2_000),
  }));
  const file = join(folder, 'long.jsonl');
  await writeFile(file, JSON.stringify({ id: 'long', messages }));
  const imported = await run('ddb/import', [file], env);
  if (imported.code !== 0) throw new Error(imported.err);
  who = JSON.parse((await run('users', ['list', '--json'], env)).out.split('\n')[0] ?? '').uuid;
});
afterAll(() => rm(env.PARLEY_DATA ?? '', { recursive: true, force: true }));

/** The results that the audit has of the newest act, the last first. */
const noted = async (): Promise<string[]> => {
  const { out } = await run('users', ['audit', '--json'], env);
  const entries = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return entries.filter(({ act_id }) => act_id === entries[0].act_id).map(({ result }) => result);
};

/** Exports as the shell is told to, with `export` in place of the call. */
const shell = (command: string): Promise<Ran> =>
  ended(begin('sh', ['-c', command.replace('export', '"$0" export "$1"'), join(bin, 'users'), who], env));

test('[SEC-5] an export whose reader goes away ends quietly, and the audit says so', async () => {
  const { err } = await shell('{ export; echo "code $?" >&2; } | head -n 1');
  expect(err).toBe('code 0\n');
  expect(await noted()).toEqual(['cut off: output closed', 'begun']);
});

test.skipIf(!existsSync('/dev/full'))('[SEC-5] an export that a disk does not take is a line, and noted', async () => {
  const { code, err } = await shell('export > /dev/full');
  expect([code, err]).toEqual([1, expect.stringMatching(/^the output cannot be written: ENOSPC.*\n$/)]);
  expect(await noted()).toEqual(['cut off: output failed', 'begun']);
});

test.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)(
  '[SEC-5] an export that is ended by %s dies of it, once that is noted',
  async (signal) => {
    const child = begin(join(bin, 'users'), ['export', who], env);
    await once(child.stdout ?? child, 'readable');
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    expect(await noted()).toEqual([`cut off: ${signal}`, 'begun']);
  },
);
