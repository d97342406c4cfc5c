/** Settled reads through DAX, over the wire: what goes there, what never does, and what a cluster that is away costs. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDax } from '#table/dax/client';
import { daxMsMax, readThroughDax } from '#table/dax/reads';
import { createMemoryTable } from '#table/embedded/memory-table';
import type { Item, PrimaryQuery, ScannableTable } from '#table/port';
import { mainSchema } from '#table/schema';
import { type DaxStandIn, startDaxStandIn } from '../support/dax-standin.ts';

const settled = { settled: true } as const;
const sk = (seq: number) => String(seq).padStart(12, '0');
const item = (seq: number, more: object = {}): Item =>
  ({
    pk: 'LOG',
    sk: sk(seq),
    seq,
    reactions: new Set(['👍 u', '🎉 v']),
    nested: { list: [1, 'x', null, true] },
    ...more,
  }) as Item;
const page: PrimaryQuery = { pk: 'LOG', sk: ['between', sk(1), sk(5)], limit: 5 };

let table: ScannableTable;
let cluster: DaxStandIn;
let client: ReturnType<typeof openDax>;
let asked: string[];
let now = 0;

const patience = 20;
/** A busy machine is no faulty cluster: where it is not about the deadline, it is a long one. */
const patient = (ms: number, run: () => void) => {
  const timer = setTimeout(run, patience * ms);
  return () => clearTimeout(timer);
};

const open = (lasting: (one: Item) => boolean = () => true) => {
  const watched: ScannableTable = {
    ...table,
    get: (request, call) => {
      asked.push('get');
      return table.get(request, call);
    },
    query: (request, call) => {
      asked.push('query');
      return table.query(request, call);
    },
  };
  return readThroughDax(watched, client, lasting, { now: () => now, after: patient });
};

beforeEach(async () => {
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
  now = 1_000_000;
  asked = [];
  table = createMemoryTable({ schema: mainSchema, name: 'main', now: () => now });
  for (let seq = 1; seq <= 5; seq += 1) await table.put({ item: item(seq) });
  cluster = await startDaxStandIn(table);
  client = openDax(cluster.endpoint, 'us-east-1', patience * daxMsMax);
  // Until the client has found its cluster.
  const found = () =>
    client.get({ TableName: 'main', Key: { pk: 'x', sk: 'x' } }).then(
      () => true,
      () => false,
    );
  while (!(await found())) await new Promise((resolve) => setTimeout(resolve, 10));
  cluster.reads.length = 0;
});
afterEach(async () => {
  client.close();
  await cluster.close();
});

test('a settled read is answered by DAX, with every kind of value as it is stored', async () => {
  const through = open();
  expect((await through.get({ key: { pk: 'LOG', sk: sk(3) }, consistent: true }, settled)).item).toEqual(item(3));
  const { items } = await through.query(page, settled);
  expect(items).toEqual([5, 4, 3, 2, 1].map((seq) => item(seq)));
  expect(cluster.reads).toEqual(['get', 'query']);
  expect(asked).toEqual([]);
});

test('any other read, and every write, goes past it', async () => {
  const through = open();
  await through.get({ key: { pk: 'LOG', sk: sk(3) } });
  await through.query(page);
  await through.put({ item: item(3, { text: 'edited' }) });
  expect(cluster.reads).toEqual([]);
  expect(asked).toEqual(['get', 'query']);
});

test('after a change, a read that is not settled has it, whatever DAX remembers', async () => {
  const through = open();
  await through.query(page, settled);
  await through.put({ item: item(3, { text: 'edited' }) });
  expect((await through.query(page, settled)).items[2]?.text).toBeUndefined();
  expect((await through.query({ ...page, consistent: true }, { settled: false })).items[2]?.text).toBe('edited');
});

test('that something was absent, or a page not yet whole, is never taken from DAX', async () => {
  const through = open();
  const key = { pk: 'LOG', sk: sk(6) };
  const longer: PrimaryQuery = { pk: 'LOG', sk: ['between', sk(1), sk(6)], limit: 6 };
  expect((await through.get({ key }, settled)).item).toBeUndefined();
  expect((await through.query(longer, settled)).items).toHaveLength(5);
  await table.put({ item: item(6) });
  expect((await through.get({ key }, settled)).item).toEqual(item(6));
  expect((await through.query(longer, settled)).items).toHaveLength(6);
});

test('an item that may change unheard is asked for at the table', async () => {
  const through = open((one) => one.kind === 'direct');
  await table.put({ item: item(7, { kind: 'group' }) });
  await table.put({ item: item(8, { kind: 'direct' }) });
  await through.get({ key: { pk: 'LOG', sk: sk(7) } }, settled);
  expect(asked).toEqual(['get']);
  await through.get({ key: { pk: 'LOG', sk: sk(8) } }, settled);
  expect(asked).toEqual(['get']);
});

test('a cluster that does not answer costs one wait in five seconds, and no error', async () => {
  cluster.silence();
  const through = open();
  for (let read = 0; read < 10; read += 1) expect((await through.query(page, settled)).items).toHaveLength(5);
  expect(asked).toHaveLength(10);
  const waits: number[] = [];
  const never = new Promise<never>(() => undefined);
  const silent = { get: () => never, query: () => never };
  const after = (ms: number, run: () => void) => {
    waits.push(ms);
    queueMicrotask(run);
    return () => undefined;
  };
  const other = readThroughDax(table, silent, () => true, { now: () => now, after });
  for (let read = 0; read < 10; read += 1) await other.query(page, settled);
  expect(waits).toEqual([daxMsMax]);
  now += 5_000;
  await other.query(page, settled);
  expect(waits).toHaveLength(2);
});
