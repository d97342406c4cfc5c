/** What only files can do: last, be killed, be shared between processes, be trimmed, be unusable. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TableError } from '../errors.ts';
import type { ChangeRecord, Item, ScannableTable } from '../port.ts';
import { keysSchema, mainSchema } from '../schema.ts';
import { encodeNumber } from './codec.ts';
import { openLmdbKv } from './lmdb-kv.ts';
import { openEmbeddedTable } from './lmdb-table.ts';
import type { EmbeddedTable } from './table.ts';

let path: string;
let clock: number;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'parley-lmdb-'));
  clock = Date.parse('2026-11-01T00:00:00Z');
});

afterEach(async () => {
  await rm(path, { recursive: true, force: true });
});

const open = (): Promise<EmbeddedTable> =>
  openEmbeddedTable({ path, schema: mainSchema, name: 'parley', now: () => clock });

const refusedLine = async (opening: Promise<unknown>): Promise<string> => {
  const error = await opening.catch((reason: unknown) => reason);
  if (!(error instanceof TableError)) throw new Error('expected a table error', { cause: error });
  expect(error.code).toBe('unavailable');
  expect(error.message).not.toContain('\n');
  return error.message;
};

const all = async (table: ScannableTable, pk: string): Promise<Item[]> => {
  const items: Item[] = [];
  for (let page = await table.query({ pk }); ; page = await table.query({ pk, start: page.next })) {
    items.push(...page.items);
    if (page.next === undefined) return items;
  }
};

const allRecords = async (table: ScannableTable): Promise<ChangeRecord[]> => {
  const records: ChangeRecord[] = [];
  let page = await table.feed.read('embedded', 'oldest', 1_000);
  while (page.records.length > 0) {
    records.push(...page.records);
    page = await table.feed.read('embedded', { after: page.position ?? '' }, 1_000);
  }
  return records;
};

interface Writer {
  readonly child: ChildProcess;
  readonly lines: AsyncIterableIterator<string>;
  readonly ended: Promise<unknown>;
}

const program = new URL('../../../test/support/table-process.ts', import.meta.url).pathname;

/** Starts the writing process; `limits` is shell that runs before it, in the same process. */
const startWriter = (task: 'put' | 'count', label: string, count: number, limits = ':'): Writer => {
  const command = `${limits}; exec "$0" --conditions=source --import tsx "$@"`;
  const child = spawn('bash', ['-c', command, process.execPath, program, task, path, label, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), ended };
};

test('[LOG-8] a table closed and opened again has its items, its index and its feed, and the feed goes on', async () => {
  const key = { pk: 'p', sk: 's' };
  const first = await open();
  await first.put({ item: { ...key, inbox: 'I', last_message_at: '1', set: new Set(['a']) } });
  await first.close();

  const second = await open();
  expect((await second.get({ key })).item).toEqual({ ...key, inbox: 'I', last_message_at: '1', set: new Set(['a']) });
  expect((await second.query({ index: 'inbox', inbox: 'I' })).items).toHaveLength(1);
  await second.delete({ key });
  const records = await allRecords(second);
  expect(records.map((record) => record.kind)).toEqual(['insert', 'remove']);
  expect(records.map((record) => Number(record.position))).toEqual([1, 2]);
  await second.close();
});

test('[LOG-8] kill -9 in the middle of writes loses nothing that was acknowledged, and tears nothing', async () => {
  const acknowledged: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    const writer = startWriter('put', `r${round}`, 1_000_000);
    const enough = 50 + round * 217;
    let seen = 0;
    for await (const line of writer.lines) {
      if (line === 'ready') continue;
      acknowledged.push(line);
      seen += 1;
      if (seen === enough) writer.child.kill('SIGKILL');
    }
    await writer.ended;
  }
  const table = await open();
  const items = await all(table, 'crash');
  const stored = new Set(items.map((item) => item.sk));
  expect(acknowledged.filter((sk) => !stored.has(sk))).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(1_500);
  const records = await allRecords(table);
  expect(new Set(records.map((record) => record.key.sk))).toEqual(stored);
  expect(records.map((record) => Number(record.position))).toEqual(records.map((_, i) => i + 1));
  let indexed = 0;
  for (let page = await table.query({ index: 'inbox', inbox: 'I' }); ; ) {
    indexed += page.items.length;
    if (page.next === undefined) break;
    page = await table.query({ index: 'inbox', inbox: 'I', start: page.next });
  }
  expect(indexed).toBe(items.length);
  await table.close();
});

test('[TABLE-5] processes that write at the same time keep each other’s conditions, and see each other’s writes', async () => {
  // All on the same clock, or one would trim the others' records as old.
  clock = Date.now();
  const table = await open();
  const key = { pk: 'shared', sk: 'counter' };
  const each = 150;
  const writers = ['a', 'b'].map((label) => startWriter('count', label, each));
  for (let mine = 0; mine < each; ) {
    const { item } = await table.get({ key, consistent: true });
    const seen = Number(item?.n ?? 0);
    const condition =
      item === undefined
        ? ({ attribute: 'pk', is: 'absent' } as const)
        : ({ attribute: 'n', is: '=', value: seen } as const);
    mine += await table.update({ key, changes: { set: { n: seen + 1 } }, condition }).then(
      () => 1,
      () => 0,
    );
  }
  await Promise.all(writers.map((writer) => writer.ended));
  expect((await table.get({ key, consistent: true })).item?.n).toBe(3 * each);
  const counts = (await allRecords(table)).map((record) => record.after?.n);
  expect(counts).toEqual(Array.from({ length: 3 * each }, (_, i) => i + 1));
  await table.close();
});

test('[LOG-8] a full disk refuses writes with one clear line, and loses nothing that was acknowledged before', async () => {
  // A limit on the size of files, in blocks of 1 KB, stands in for the disk's end.
  const writer = startWriter('put', 'full', 20_000, 'ulimit -f 4000; trap "" XFSZ');
  const acknowledged: string[] = [];
  const refused: string[] = [];
  for await (const line of writer.lines) {
    if (line.startsWith('refused')) refused.push(line);
    else if (line.startsWith('full-')) acknowledged.push(line);
    if (refused.length > 100) writer.child.kill('SIGKILL');
  }
  await writer.ended;
  expect(refused[0]).toMatch(/the table's files took no write/);
  const table = await open();
  const stored = new Set((await all(table, 'crash')).map((item) => item.sk));
  expect(acknowledged.length).toBeGreaterThan(100);
  expect(acknowledged.filter((sk) => !stored.has(sk))).toEqual([]);
  await table.put({ item: { pk: 'after', sk: 'space again' } });
  await table.close();
});

test('[TABLE-5] the feed keeps a day: older records go, bit by bit, with the writes that follow', async () => {
  const table = await open();
  for (let i = 0; i < 300; i += 1) await table.put({ item: { pk: 'p', sk: 'old', i } });
  const [old] = (await table.feed.read('embedded', 'oldest', 1)).records;
  clock += 25 * 3_600_000;
  await table.put({ item: { pk: 'p', sk: 'new', i: 0 } });
  const left = await allRecords(table);
  expect(left.length).toBeGreaterThan(100);
  expect(left.length).toBeLessThan(300);
  for (let i = 1; i < 10; i += 1) await table.put({ item: { pk: 'p', sk: 'new', i } });
  const kept = await allRecords(table);
  expect(kept.map((record) => record.key.sk)).toEqual(Array.from({ length: 10 }, () => 'new'));
  // A position trimmed away reads from the oldest that is kept.
  const page = await table.feed.read('embedded', { after: old?.position ?? '' }, 1);
  expect(page.records.map((record) => record.after?.i)).toEqual([0]);
  await table.close();
});

test('[TABLE-5] a data folder holds several tables, and one of the keys has no feed and no index', async () => {
  const main = await open();
  const keys = await openEmbeddedTable({ path, schema: keysSchema, name: 'parley-keys', now: () => clock });
  await main.put({ item: { pk: 'p', sk: 's', of: 'main' } });
  await keys.put({ item: { pk: 'p', sk: 's', of: 'keys' } });
  expect((await main.get({ key: { pk: 'p', sk: 's' } })).item?.of).toBe('main');
  expect((await keys.get({ key: { pk: 'p', sk: 's' } })).item?.of).toBe('keys');
  expect(await keys.feed.shards()).toEqual([]);
  await expect(keys.query({ index: 'inbox', inbox: 'I' })).rejects.toMatchObject({ code: 'invalid' });
  await main.close();
  await keys.close();
});

test('[TABLE-5] a folder that a newer version wrote is refused with one clear line, and left alone', async () => {
  await (await open()).close();
  const kv = openLmdbKv(join(path, 'tables', 'parley'));
  await kv.transact((writer) => writer.put('meta', 'format', encodeNumber(99)));
  await kv.close();
  expect(await refusedLine(open())).toMatch(/another version of Parley.*99/);
});

test('[TABLE-5] a folder that cannot be one is refused with one clear line', async () => {
  await writeFile(join(path, 'tables'), 'a file where a folder should be');
  expect(await refusedLine(open())).toMatch(/cannot be opened for writing/);
  const nowhere = openEmbeddedTable({ path: '/dev/null/parley', schema: mainSchema, name: 'parley', now: () => clock });
  expect(await refusedLine(nowhere)).toMatch(/the data folder \/dev\/null\/parley/);
});

test('[TABLE-5] a folder that may only be read is refused with one clear line', async () => {
  await (await open()).close();
  const folder = join(path, 'tables', 'parley');
  for (const name of ['data.mdb', 'lock.mdb']) await chmod(join(folder, name), 0o444);
  for (const each of [folder, path]) await chmod(each, 0o555);
  // Root may write everywhere, so root becomes nobody for the moment.
  const root = process.getuid?.() === 0;
  if (root) process.seteuid?.('nobody');
  try {
    expect(await refusedLine(open())).toMatch(/cannot be opened for writing: .*permission denied/i);
  } finally {
    if (root) process.seteuid?.(0);
    for (const each of [folder, path]) await chmod(each, 0o755);
  }
});

test('[TABLE-5] a file that is no database is refused with one clear line', async () => {
  const kv = openLmdbKv(join(path, 'tables', 'parley'));
  await kv.close();
  await writeFile(join(path, 'tables', 'parley', 'data.mdb'), Buffer.alloc(64 * 1_024, 0x7a));
  expect(await refusedLine(open())).toMatch(/cannot be opened for writing/);
});

test('[TABLE-5] a closed table refuses writes, and closing waits for those accepted before', async () => {
  const table = await open();
  const accepted = Array.from({ length: 50 }, (_, i) => table.put({ item: { pk: 'p', sk: `s${i}` } }));
  await table.close();
  await Promise.all(accepted);
  await expect(table.put({ item: { pk: 'p', sk: 'late' } })).rejects.toMatchObject({ code: 'unavailable' });
  const again = await open();
  expect(await all(again, 'p')).toHaveLength(50);
  await again.close();
});

test('[LOG-7] writers that never pause leave room for everything else in the process', async () => {
  const table = await open();
  let turns = 0;
  let writing = true;
  const turn = (): void => {
    turns += 1;
    if (writing) setImmediate(turn);
  };
  turn();
  await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; i < 50; i += 1) await table.put({ item: { pk: 'p', sk: `${writer}-${i}` } });
    }),
  );
  writing = false;
  expect(turns).toBeGreaterThan(40);
  await table.close();
});
