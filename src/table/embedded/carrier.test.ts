/** The thread that carries journals over, as the compiled program runs it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type * as CarrierModule from './carrier.ts';
import { appliedGeneration, journalFile } from './checkpoint.ts';
import { createJournal } from './journal.ts';
import { createPending } from './layer.ts';
import { openLmdbKv } from './lmdb-kv.ts';

/** `pretest` has built it; the sources themselves carry in place. */
const compiled = new URL('../../../dist/table/embedded/carrier.js', import.meta.url).href;
const { startCarrier } = (await import(compiled)) as typeof CarrierModule;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-carrier-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const write = async (generation: number, keys: readonly string[]): Promise<void> => {
  const journal = createJournal(journalFile(folder, generation), generation);
  const pending = createPending();
  for (const key of keys) pending.set('items', key, [Buffer.from(`${key} of ${generation}`)]);
  await journal.append(pending.list);
  journal.close();
};

test('[LOG-8] generations are carried over on a thread of their own, in their order', async () => {
  const kv = openLmdbKv(folder);
  const carrier = startCarrier(kv, folder);
  await write(1, ['a', 'b']);
  await carrier.carry(1);
  await write(2, ['b', 'c']);
  await carrier.carry(2);
  const values = kv.read((reader) =>
    ['a', 'b', 'c'].map((key) => Buffer.from(reader.get('items', key) ?? []).toString()),
  );
  expect(values).toEqual(['a of 1', 'b of 2', 'c of 2']);
  expect(kv.read(appliedGeneration)).toBe(2);
  await carrier.close();
  await kv.close();
});

test('[LOG-8] what a thread cannot do is told, and harms neither it nor the process', async () => {
  const kv = openLmdbKv(folder);
  const carrier = startCarrier(kv, folder);
  await expect(carrier.carry(7)).rejects.toThrow(/ENOENT/);
  await writeFile(journalFile(folder, 7), 'no journal at all, but longer than a header');
  await carrier.carry(7);
  await write(8, ['a']);
  await carrier.carry(8);
  expect(Buffer.from(kv.read((reader) => reader.get('items', 'a')) ?? []).toString()).toBe('a of 8');
  await carrier.close();
  await kv.close();
});
