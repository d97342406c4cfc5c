/** The embedded table's own promises, shown on memory: no timers, a bounded queue, expiry, all or nothing. */
import { afterEach, expect, test, vi } from 'vitest';
import { isConditionFailed } from '../errors.ts';
import type { ChangeRecord, FreshRecords } from '../port.ts';
import { mainSchema } from '../schema.ts';
import { createCommitter } from './committer.ts';
import { createMemoryKv } from './memory-kv.ts';
import { createMemoryTable } from './memory-table.ts';
import type { EmbeddedTable } from './table.ts';

const start = Date.parse('2026-11-01T00:00:00Z');
let clock = start;
const create = (): EmbeddedTable => createMemoryTable({ schema: mainSchema, name: 'parley', now: () => clock });

afterEach(() => {
  vi.useRealTimers();
  clock = start;
});

test('[TABLE-5] the memory table resolves by microtasks alone: time may stand still', async () => {
  vi.useFakeTimers();
  const table = create();
  const writes = Array.from({ length: 40 }, (_, i) => table.put({ item: { pk: 'p', sk: `s${i}` } }));
  await Promise.all(writes);
  expect((await table.query({ pk: 'p' })).items).toHaveLength(40);
  expect((await table.feed.read('embedded', 'oldest', 100)).records).toHaveLength(40);
  await table.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('[TABLE-5] writes are carried out in the order they came, each seeing those before it', async () => {
  const table = create();
  const key = { pk: 'p', sk: 's' };
  const absent = { attribute: 'pk', is: 'absent' } as const;
  const outcomes = await Promise.allSettled([
    table.put({ item: { ...key, n: 1 }, condition: absent }),
    table.put({ item: { ...key, n: 2 }, condition: absent }),
    table.delete({ key, condition: { attribute: 'n', is: '=', value: 1 } }),
    table.put({ item: { ...key, n: 3 }, condition: absent }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect((await table.get({ key })).item?.n).toBe(3);
});

test('[TABLE-5] a record’s image is read again from its place, heard or read, until the record is trimmed', async () => {
  const table = create();
  const heard: ChangeRecord[] = [];
  table.feed.onChange((fresh) => heard.push(...(fresh?.records ?? [])));
  await table.put({ item: { pk: 'p', sk: 's', n: 1 } });
  await table.put({ item: { pk: 'p', sk: 's', n: 2 } });
  const { records } = await table.feed.read('embedded', 'oldest', 10);
  const kept = [...heard, ...records].map((record) => record.keep?.());
  expect(kept.map((image) => image?.read())).toEqual([1, 2, 1, 2].map((n) => ({ pk: 'p', sk: 's', n })));
  clock += 25 * 60 * 60 * 1_000;
  await table.put({ item: { pk: 'p', sk: 'later' } });
  for (const image of kept) expect(() => image?.read()).toThrow(expect.objectContaining({ code: 'unavailable' }));
});

test('[TABLE-5] the queue of writes is bounded: what is too much is refused at once, the rest is done', async () => {
  const table = create();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10_050 }, (_, i) => table.put({ item: { pk: 'p', sk: `s${i}` } })),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused).toHaveLength(50);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'throttled', outcome: 'none' });
});

test('[TABLE-5] expired items are deleted in steps, those that were given longer are left, and the feed tells', async () => {
  const table = create();
  const seconds = Math.floor(clock / 1_000);
  for (let i = 0; i < 150; i += 1) await table.put({ item: { pk: 'p', sk: `s${i}`, expires_at: seconds + 60 } });
  await table.put({ item: { pk: 'p', sk: 'never' } });
  await table.put({ item: { pk: 'p', sk: 'prolonged', expires_at: seconds + 60 } });
  await table.update({ key: { pk: 'p', sk: 'prolonged' }, changes: { set: { expires_at: seconds + 600 } } });
  expect(await table.deleteExpired()).toBe(0);
  clock += 61_000;
  const end = (await table.feed.read('embedded', 'latest', 1)).position ?? '';
  expect(await table.deleteExpired()).toBe(100);
  expect(await table.deleteExpired()).toBe(50);
  expect(await table.deleteExpired()).toBe(0);
  expect((await table.query({ pk: 'p' })).items.map((item) => item.sk)).toEqual(['prolonged', 'never']);
  const { records } = await table.feed.read('embedded', { after: end }, 1_000);
  expect(records.filter((record) => record.kind === 'remove')).toHaveLength(150);
});

test('[TABLE-5] a refusal leaves the other writes of its commit alone', async () => {
  const table = create();
  const put = (sk: string): Promise<unknown> =>
    table.put({ item: { pk: 'p', sk }, condition: { attribute: 'pk', is: 'absent' } });
  const outcomes = await Promise.allSettled([put('a'), put('a'), put('b')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const [, second] = outcomes;
  expect(second?.status === 'rejected' && isConditionFailed(second.reason)).toBe(true);
});

test('[LOG-8] when a commit breaks, none of its writes happened, and each is told that it may have', async () => {
  const kv = createMemoryKv();
  const committer = createCommitter({
    kv,
    begin: (writer) => ({ writer }),
    end: () => {},
    aborted: () => {},
    committed: () => {},
  });
  const key = 'key';
  const outcomes = await Promise.allSettled([
    committer.submit(({ writer }) => writer.put('items', key, Buffer.from('value'))),
    committer.submit(() => {
      throw new Error('the disk is gone');
    }),
  ]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable', outcome: 'unknown' } });
  }
  expect(kv.read((reader) => reader.get('items', key))).toBeUndefined();
  await committer.submit(({ writer }) => writer.put('items', key, Buffer.from('again')));
  expect(kv.read((reader) => reader.get('items', key))).toEqual(Buffer.from('again'));
});

test('[TABLE-5] what a hint brings along is what a read gives, and stays as it was written', async () => {
  const table = create();
  const heard: FreshRecords[] = [];
  table.feed.onChange((fresh) => {
    if (fresh !== undefined) heard.push(fresh);
  });
  const key = { pk: 'p', sk: 's' };
  const nested = { ...key, list: ['as', 'written'] };
  await table.put({ item: nested });
  nested.list.push('changed since');
  await Promise.all([
    table.update({ key, changes: { set: { n: 1 } } }),
    table.update({ key, changes: { set: { n: 1 } } }),
    table.put({ item: { pk: 'p', sk: 't', set: new Set(['a']), none: undefined as never } }),
    table.put({ item: { pk: 'p', sk: 's' }, condition: { attribute: 'pk', is: 'absent' } }).catch(() => undefined),
  ]);
  await table.delete({ key });
  const plain = (records: readonly ChangeRecord[]) =>
    records.map(({ position, kind, key, before, after, at }) => ({ position, kind, key, before, after, at }));
  const { records, position } = await table.feed.read('embedded', 'oldest', 100);
  expect(records).toHaveLength(4);
  expect(plain(heard.flatMap((fresh) => fresh.records))).toEqual(plain(records));
  expect(heard.at(-1)?.position).toBe(position);
  for (const [n, { shard, after }] of heard.entries()) {
    expect(shard).toBe('embedded');
    expect(after).toBe(heard[n - 1]?.position ?? '0'.repeat(16));
  }
});
