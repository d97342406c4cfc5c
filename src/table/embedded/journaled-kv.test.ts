/** The journal in front of LMDB: what is read is what was written, whatever was carried over, torn off, or shared meanwhile. */
import { cpSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readJournal } from './journal.ts';
import { type JournalLimits, openJournaledKv } from './journaled-kv.ts';
import type { Kv, KvRange, KvReader, KvWriter } from './kv.ts';
import { openLmdbKv } from './lmdb-kv.ts';
import { createMemoryKv } from './memory-kv.ts';

let folder: string;
const opened: Kv[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-journal-'));
});

afterEach(async () => {
  for (const kv of opened.splice(0)) await kv.close();
  await rm(folder, { recursive: true, force: true });
});

/** Nothing is carried over by itself. */
const never: JournalLimits = { layerBytesMax: Number.MAX_SAFE_INTEGER, restMs: 3_600_000 };

const open = async (path = folder, limits = never): Promise<Kv> => {
  const kv = await openJournaledKv(openLmdbKv(path), path, limits);
  opened.push(kv);
  return kv;
};

const close = async (kv: Kv): Promise<void> => {
  opened.splice(opened.indexOf(kv), 1);
  await kv.close();
};

/** What a crash at this moment would leave. */
const crashImage = async (): Promise<string> => {
  const image = await mkdtemp(join(tmpdir(), 'parley-crash-'));
  for (const name of ['data.mdb', 'journal.0', 'journal.1']) {
    if (existsSync(join(folder, name))) cpSync(join(folder, name), join(image, name));
  }
  return image;
};

const put = (kv: Kv, key: string, value: string): Promise<void> =>
  kv.transact((writer) => writer.put('items', key, Buffer.from(value)));

const all = (kv: Kv, range: KvRange = { from: '', to: '\xff', reverse: false }): string[] =>
  kv.read((reader) => [...reader.range('items', range)].map((value) => Buffer.from(value).toString()));

const letters = fc.constantFrom('a', 'aa', 'ab', 'b', 'ba', 'c', '\xfe', 'd', 'e', 'f');
const writes = fc.array(
  fc.record({ key: letters, value: fc.option(fc.string({ maxLength: 8 })), twice: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit' as const), writes }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('look' as const), from: letters, to: letters, reverse: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), writes }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
);

const apply = (writer: KvWriter, list: readonly { key: string; value: string | null; twice: boolean }[]): void => {
  for (const { key, value, twice } of list) {
    if (value === null) {
      writer.delete('items', key);
      continue;
    }
    const bytes = Buffer.from(value);
    writer.put('items', key, bytes);
    // The same bytes as part of another value: in the journal a reference to the first.
    if (twice) writer.put('index', key, Buffer.from('+'), bytes);
  }
};

const look = (reader: KvReader, range: KvRange, key: string): unknown => [
  [...reader.range('items', range)].map((value) => Buffer.from(value).toString()),
  [...reader.range('index', range)].map((value) => Buffer.from(value).toString()),
  Buffer.from(reader.get('items', key) ?? []).toString(),
];

test('[TABLE-4] walks that end early, of what is in the journal and what LMDB has, leave LMDB its places for readers', async () => {
  // Each write has the one before carried over, so that a walk has both to look at, and LMDB a new state for each.
  const kv = await open(folder, { ...never, layerBytesMax: 1 });
  // LMDB has 126 places: more are taken here, if each walk keeps its own.
  const count = 200;
  for (let n = 0; n < count; n += 1) {
    await put(kv, `key ${String(n).padStart(3, '0')}`, String(n));
    const [first] = kv.read((reader) => {
      for (const value of reader.range('items', { from: '', to: '\xff', reverse: false })) return [value];
      return [];
    });
    expect(Buffer.from(first ?? []).toString()).toBe('0');
  }
  expect(all(kv)).toHaveLength(count);
});

test('[TABLE-5] through commits, aborts, carrying over, reopening and crashes it reads as plain memory does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 1, maxLength: 24 }),
      fc.integer({ min: 40, max: 400 }),
      async (acts, bytes) => {
        const limits = { layerBytesMax: bytes, restMs: 3_600_000 };
        let path = await mkdtemp(join(tmpdir(), 'parley-journal-'));
        let kv = await open(path, limits);
        const model = createMemoryKv();
        for (const act of acts) {
          if (act.kind === 'commit') {
            await kv.transact((writer) => apply(writer, act.writes));
            await model.transact((writer) => apply(writer, act.writes));
          } else if (act.kind === 'abort') {
            const aborted = kv.transact((writer) => {
              apply(writer, act.writes);
              throw new Error('changed its mind');
            });
            await expect(aborted).rejects.toThrow('changed its mind');
          } else if (act.kind === 'look') {
            const range = { from: act.from, to: act.to, reverse: act.reverse };
            expect(kv.read((reader) => look(reader, range, act.from))).toEqual(
              model.read((reader) => look(reader, range, act.from)),
            );
          } else {
            if (act.kind === 'crash') {
              folder = path;
              path = await crashImage();
            }
            await close(kv);
            kv = await open(path, limits);
          }
          const everything = { from: '', to: '\xff', reverse: false };
          expect(kv.read((reader) => look(reader, everything, 'a'))).toEqual(
            model.read((reader) => look(reader, everything, 'a')),
          );
        }
        await close(kv);
        await rm(path, { recursive: true, force: true });
      },
    ),
    { numRuns: 60 },
  );
});

test('[LOG-8] what is acknowledged is in the journal, and a crash before anything was carried over loses none of it', async () => {
  const kv = await open();
  for (let i = 0; i < 20; i += 1) await put(kv, `k${i}`, `v${i}`);
  const image = await crashImage();
  const again = await open(image);
  expect(all(again)).toHaveLength(20);
  await close(again);
  await rm(image, { recursive: true, force: true });
});

test('[LOG-8] a record torn by a crash is passed over, and with it nothing that came before', async () => {
  const kv = await open();
  for (const key of ['a', 'b', 'c']) await put(kv, key, key.repeat(40));
  const file = join(await crashImage(), 'journal.1');
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf('c'.repeat(40)) + 40;
  for (let cut = end - 1; cut > end - 40; cut -= 13) {
    truncateSync(file, cut);
    expect([...(readJournal(file)?.content.get('items') ?? new Map()).keys()]).toEqual(['a', 'b']);
    writeFileSync(file, bytes);
  }
  bytes[end - 1] = (bytes[end - 1] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  expect([...(readJournal(file)?.content.get('items') ?? new Map()).keys()]).toEqual(['a', 'b']);
});

test('[LOG-8] a journal that LMDB has already is not applied a second time over what came later', async () => {
  const first = await open();
  await put(first, 'k', 'old');
  const image = await crashImage();
  await close(first);
  // A guest and its owner write to LMDB directly; the journals of before lie there still.
  const owner = await open();
  const guest = await open();
  await put(guest, 'k', 'new');
  expect(all(owner)).toEqual(['new']);
  cpSync(join(image, 'journal.1'), join(folder, 'journal.1'));
  await close(guest);
  await close(owner);
  expect(all(await open())).toEqual(['new']);
  await rm(image, { recursive: true, force: true });
});

test('[TABLE-5] whoever opens the table second reads what the first has only in its journal, and each sees the other’s writes', async () => {
  const owner = await open();
  await put(owner, 'a', 'owner’s');
  const guest = await open();
  expect(all(guest)).toEqual(['owner’s']);
  await put(guest, 'b', 'guest’s');
  await put(owner, 'c', 'owner’s again');
  expect(all(owner)).toEqual(['owner’s', 'guest’s', 'owner’s again']);
  expect(all(guest)).toEqual(all(owner));
});

test('[TABLE-5] when the owner goes, a guest takes its place and loses nothing', async () => {
  const owner = await open();
  const guest = await open();
  await put(owner, 'a', 'before');
  await close(owner);
  for (let i = 0; i < 200 && guest.unsettled === undefined; i += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await guest.unsettled;
  await put(guest, 'b', 'after');
  expect(all(guest)).toEqual(['before', 'after']);
  const third = await open();
  expect(all(third)).toEqual(['before', 'after']);
});

test('[TABLE-5] a guest that finds another owner’s token before it hears that its own is gone asks again, and works on', async () => {
  const owner = await open();
  await put(owner, 'a', 'before');
  const guest = await open();
  const lmdb = openLmdbKv(folder);
  const otherOwner = () => lmdb.transact((writer) => writer.put('meta', 'owner', Buffer.from('somebody else')));
  await otherOwner();
  await put(guest, 'b', 'after');
  expect(all(guest)).toEqual(['before', 'after']);
  // Reads answer at once, so whoever reads waits and reads again.
  const reader = await open();
  await otherOwner();
  expect(() => all(reader)).toThrow('changes hands');
  await reader.unsettled;
  expect(all(reader)).toEqual(['before', 'after']);
  await lmdb.close();
});

test('[TABLE-5] a table at rest stands in LMDB, and its journal in no one’s way', async () => {
  const kv = await open(folder, { ...never, restMs: 10 });
  await put(kv, 'a', '1');
  const lmdb = openLmdbKv(folder);
  for (let i = 0; i < 400 && lmdb.read((reader) => reader.get('items', 'a')) === undefined; i += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(Buffer.from(lmdb.read((reader) => reader.get('items', 'a')) ?? []).toString()).toBe('1');
  await lmdb.close();
});
