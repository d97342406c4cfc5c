/** [TABLE-5] The change feed over a stream whose shards split, close, expire and are trimmed. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDynamoTable } from '#table/dynamodb/table';
import type { ChangeFeed, FeedStart, ScannableTable } from '#table/port';
import { mainSchema } from '#table/schema';
import { recordTime, type StandInShard, type StreamServer, startStreamServer } from './stream-server.ts';

const sequence = (n: number): string => `100000000000000${String(n).padStart(6, '0')}`;
const sequences = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => sequence(from + index));

let server: StreamServer;
let table: ScannableTable;
let feed: ChangeFeed;
let clock = 0;

const open = (): ScannableTable =>
  createDynamoTable({
    name: 'feed',
    schema: mainSchema,
    region: 'us-east-1',
    endpoint: server.endpoint,
    // Requests are signed with this clock too; the stand-in does not look at it.
    now: () => clock,
    random: Math.random,
  });

beforeEach(async () => {
  clock = recordTime(sequence(500)) * 1_000;
  server = await startStreamServer(2);
  table = open();
  feed = table.feed;
});

afterEach(async () => {
  await table.close();
  await server.close();
});

const shard = (id: string, records: string[], more: Partial<StandInShard> = {}): StandInShard => {
  const made = { id, records, closed: false, ...more };
  server.shards.push(made);
  return made;
};

const read = async (id: string, start: FeedStart, limit = 1_000) => {
  const { records, position } = await feed.read(id, start, limit);
  return { read: records.map((record) => record.position), position };
};

describe('shards', () => {
  test('parents come before their children, over all pages of the description', async () => {
    shard('c', [], { parent: 'b' });
    shard('b', [], { parent: 'a' });
    shard('x', []);
    shard('a', []);
    shard('d', [], { parent: 'b' });
    expect(await feed.shards()).toEqual([
      { id: 'a' },
      { id: 'b', parent: 'a' },
      { id: 'c', parent: 'b' },
      { id: 'x' },
      { id: 'd', parent: 'b' },
    ]);
    expect(server.asked('DescribeStream')).toBe(3);
  });

  test('a parent that the stream no longer lists is not waited for', async () => {
    shard('child', [], { parent: 'trimmed' });
    expect(await feed.shards()).toEqual([{ id: 'child' }]);
  });
});

describe('reading', () => {
  test('from the oldest on, page by page, and what comes later after the last position', async () => {
    const { records } = shard('s', sequences(1, 5));
    expect(await read('s', 'oldest', 3)).toEqual({ read: sequences(1, 3), position: sequence(3) });
    expect(await read('s', { after: sequence(3) }, 3)).toEqual({ read: sequences(4, 5), position: sequence(5) });
    expect(await read('s', { after: sequence(5) })).toEqual({ read: [], position: sequence(5) });
    records.push(sequence(6));
    expect(await read('s', { after: sequence(5) })).toEqual({ read: [sequence(6)], position: sequence(6) });
  });

  test('one iterator serves while reading goes on where it stopped', async () => {
    shard('s', sequences(1, 9));
    let position = (await read('s', 'oldest', 2)).position;
    for (let page = 0; page < 5 && position !== undefined; page += 1) {
      position = (await read('s', { after: position }, 2)).position;
    }
    expect(server.asked('GetShardIterator')).toBe(1);
  });

  test('an empty shard read from the oldest gives a position that misses nothing', async () => {
    const { records } = shard('s', []);
    const { position } = await read('s', 'oldest');
    records.push(sequence(1));
    server.expireIterators();
    expect(await read('s', { after: position ?? '' })).toMatchObject({ read: [sequence(1)] });
  });

  test('the latest skips what was there, and nothing that comes after', async () => {
    const { records } = shard('s', sequences(1, 3));
    const { read: first, position } = await read('s', 'latest');
    expect(first).toEqual([]);
    records.push(sequence(501));
    expect(await read('s', { after: position ?? '' })).toEqual({ read: [sequence(501)], position: sequence(501) });
  });

  test('a position of the latest outlives its iterator, by the time it was asked for', async () => {
    const { records } = shard('s', sequences(1, 3));
    const { position } = await read('s', 'latest');
    records.push(sequence(501), sequence(502));
    await table.close();
    table = open();
    feed = table.feed;
    expect(await read('s', { after: position ?? '' })).toEqual({ read: sequences(501, 502), position: sequence(502) });
  });

  test('an expired iterator is replaced by one after the last position', async () => {
    shard('s', sequences(1, 6));
    await read('s', 'oldest', 2);
    server.expireIterators();
    expect(await read('s', { after: sequence(2) }, 2)).toEqual({ read: sequences(3, 4), position: sequence(4) });
  });

  test('a position that was trimmed away is read from the oldest kept', async () => {
    shard('s', sequences(1, 9));
    server.trim('s', sequence(6));
    expect(await read('s', { after: sequence(2) })).toEqual({ read: sequences(6, 9), position: sequence(9) });
  });

  test('an iterator whose records were trimmed under it is read from the oldest kept', async () => {
    shard('s', sequences(1, 9));
    await read('s', 'oldest', 2);
    server.trim('s', sequence(6));
    expect(await read('s', { after: sequence(2) })).toEqual({ read: sequences(6, 9), position: sequence(9) });
  });

  test('a closed shard ends with its last record, its children go on', async () => {
    const parent = shard('p', sequences(1, 3));
    expect(await read('p', 'oldest')).toEqual({ read: sequences(1, 3), position: sequence(3) });
    parent.closed = true;
    shard('l', sequences(4, 5), { parent: 'p' });
    shard('r', sequences(6, 6), { parent: 'p' });
    expect(await read('p', { after: sequence(3) })).toEqual({ read: [], position: undefined });
    expect(await feed.shards()).toEqual([{ id: 'p' }, { id: 'l', parent: 'p' }, { id: 'r', parent: 'p' }]);
    expect(await read('l', 'oldest')).toMatchObject({ read: sequences(4, 5) });
    expect(await read('r', 'oldest')).toMatchObject({ read: sequences(6, 6) });
  });

  test('a shard that was trimmed whole has ended', async () => {
    shard('s', []);
    expect(await read('gone', { after: sequence(1) })).toEqual({ read: [], position: undefined });
  });

  test('two readers of one shard, at different places, do not disturb each other', async () => {
    shard('s', sequences(1, 6));
    const first = await read('s', 'oldest', 1);
    const second = await read('s', 'oldest', 4);
    expect(await read('s', { after: first.position ?? '' }, 2)).toMatchObject({ read: sequences(2, 3) });
    expect(await read('s', { after: second.position ?? '' }, 2)).toMatchObject({ read: sequences(5, 6) });
  });

  test('[INBOX-8] a record that cannot be read holds back neither its page nor what comes later', async () => {
    const { records } = shard('s', sequences(1, 3), { alien: [sequence(2)] });
    const page = await feed.read('s', 'oldest', 1_000);
    expect(page.records.map(({ position }) => position)).toEqual(sequences(1, 3));
    expect(page.records[1]?.key).toEqual({ pk: 'p', sk: sequence(2) });
    expect(() => page.records[1]?.after).toThrow(/type NS/);
    expect(page.records[2]?.after).toEqual({ pk: 'p', sk: sequence(3) });
    records.push(sequence(4));
    expect(await read('s', { after: page.position ?? '' })).toMatchObject({ read: [sequence(4)] });
  });

  test('a record says what changed and when', async () => {
    shard('s', sequences(7, 7));
    const { records } = await feed.read('s', 'oldest', 1);
    expect(records).toEqual([
      {
        position: sequence(7),
        kind: 'insert',
        key: { pk: 'p', sk: sequence(7) },
        before: undefined,
        after: { pk: 'p', sk: sequence(7) },
        at: recordTime(sequence(7)) * 1_000,
      },
    ]);
  });
});
