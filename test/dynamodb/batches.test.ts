/** [TABLE-4] [NET-2] Batches that the service does in part: the rest is asked for again, and its units are added up. */
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDynamoTable } from '#table/dynamodb/table';
import type { ScannableTable } from '#table/port';
import { mainSchema } from '#table/schema';

/** How many of a batch are done at each request; 0 stands for a table without capacity. */
let atOnce: () => number = () => 2;
let asked: number[] = [];
let server: Server;
let table: ScannableTable;

interface Input {
  readonly RequestItems: { readonly main: readonly object[] & { readonly Keys?: readonly object[] } };
}

const answer = ({ RequestItems: { main } }: Input): object => {
  const entries = main.Keys ?? main;
  const count = atOnce();
  const left = entries.slice(count);
  const done = entries.length - left.length;
  asked.push(entries.length);
  const units = { ConsumedCapacity: [{ TableName: 'main', CapacityUnits: done * 0.5 }] };
  if (main.Keys === undefined) return { ...units, UnprocessedItems: left.length > 0 ? { main: left } : {} };
  return {
    ...units,
    Responses: { main: entries.slice(0, count) },
    UnprocessedKeys: left.length > 0 ? { main: { Keys: left } } : {},
  };
};

beforeEach(async () => {
  atOnce = () => 2;
  asked = [];
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => response.end(JSON.stringify(answer(JSON.parse(body)))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  table = createDynamoTable({
    name: 'main',
    schema: mainSchema,
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    now: Date.now,
    random: Math.random,
    sleep: () => Promise.resolve(),
  });
});

afterEach(async () => {
  await table.close();
  await new Promise((resolve) => server.close(resolve));
});

const keys = Array.from({ length: 5 }, (_, index) => ({ pk: 'p', sk: String(index) }));

test('unprocessed keys are read again until all are', async () => {
  expect(await table.batchGet(keys)).toEqual({ items: keys, capacity: { read: 2.5, write: 0 } });
  expect(asked).toEqual([5, 3, 1]);
});

test('unprocessed writes are written again until all are', async () => {
  const writes = keys.map((item) => ({ put: item }));
  expect(await table.batchWrite(writes)).toEqual({ capacity: { read: 0, write: 2.5 } });
  expect(asked).toEqual([5, 3, 1]);
});

test('a batch of which nothing is done is throttled in the end, and nothing was written', async () => {
  atOnce = () => 0;
  const writes = keys.map((item) => ({ put: item }));
  await expect(table.batchWrite(writes)).rejects.toMatchObject({ code: 'throttled', outcome: 'none' });
  await expect(table.batchGet(keys)).rejects.toMatchObject({ code: 'throttled', outcome: 'none' });
  expect(asked.length).toBeLessThanOrEqual(20);
});

test('a batch done in part says that its outcome is unknown', async () => {
  atOnce = () => (asked.length === 0 ? 3 : 0);
  const writes = keys.map((item) => ({ put: item }));
  await expect(table.batchWrite(writes)).rejects.toMatchObject({ code: 'unavailable', outcome: 'unknown' });
});
