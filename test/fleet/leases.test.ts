/** The fan-out as a fleet: who reads which shard, what that costs, and what happens when somebody stops. In virtual time. */
import { expect, test } from 'vitest';
import { startFeedRunner } from '#messenger/feed-runner';
import { RecordSetAside } from '#messenger/set-aside';
import type { CheckpointItem } from '#store/items';
import { createPatterns, type PatternUse } from '#store/patterns';
import { createMemoryTable } from '#table/embedded/memory-table';
import { TableError } from '#table/errors';
import type { ChangeFeed, ChangeRecord, FeedPage, FreshRecords, Table } from '#table/port';
import { mainSchema } from '#table/schema';
import { World } from '../sim/world.ts';

const second = 1_000;
const takeOverMsMax = 10 * second;

/** A feed of several shards, written by the test: records by shard, and which shards have ended. */
const createScriptedFeed = (shards: { id: string; parent?: string }[], reading: () => Promise<void>) => {
  const records = new Map<string, ChangeRecord[]>(shards.map(({ id }) => [id, []]));
  const ended = new Set<string>();
  const positionOf = (index: number) => String(index).padStart(6, '0');
  const limits: number[] = [];
  const given: string[] = [];
  const listeners = new Set<(fresh?: FreshRecords) => void>();
  const feed: ChangeFeed = {
    shards: async () => shards,
    read: async (shard, start, limit): Promise<FeedPage> => {
      limits.push(limit);
      await reading();
      const all = records.get(shard) ?? [];
      const from = typeof start === 'string' ? 0 : Number(start.after);
      const page = all.slice(from, from + limit);
      const reached = from + page.length;
      given.push(...page.map(({ key }) => key.pk));
      return { records: page, position: ended.has(shard) && reached === all.length ? undefined : positionOf(reached) };
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  /** Tells whoever listens of the last records of a shard, and gives them along. */
  const tell = (shard: string, count: number): void => {
    const all = records.get(shard) ?? [];
    const [after, position] = [positionOf(all.length - count), positionOf(all.length)];
    for (const listener of listeners) listener({ shard, after, position, records: all.slice(-count) });
  };
  const write = (shard: string, name: string): void => {
    const all = records.get(shard) ?? [];
    const key = { pk: name, sk: 'x' };
    all.push({ position: positionOf(all.length + 1), kind: 'insert', key, before: undefined, after: key, at: 0 });
  };
  return { feed, write, tell, limits, given, end: (shard: string) => ended.add(shard) };
};

const createFleet = (shards: { id: string; parent?: string }[] = [{ id: 'a' }], readMs = 0) => {
  const world = new World(1);
  const reading = (): Promise<void> => (readMs === 0 ? Promise.resolve() : world.wait(readMs));
  const table = createMemoryTable({ schema: mainSchema, name: 'fleet', now: () => world.now });
  const { feed, write, tell, limits, given, end } = createScriptedFeed(shards, reading);
  const applied: { by: string; shard: string; at: number }[] = [];
  const failures: unknown[] = [];
  const uses: PatternUse[] = [];
  const observe = (use: PatternUse) => uses.push(use);

  const start = (
    owner: string,
    apply?: (records: readonly ChangeRecord[], rowsAtOnce: (() => number) | undefined) => Promise<void>,
  ) => {
    // While it is stalled nothing goes out and nothing comes in; a crash is a stall without an end.
    let gate = Promise.resolve();
    const whileAlive =
      <A extends unknown[], R>(run: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await gate;
        const result = await run(...args);
        await gate;
        return result;
      };
    const mine: Table = { ...table, get: whileAlive(table.get), update: whileAlive(table.update) };
    const note = async (records: readonly ChangeRecord[], rowsAtOnce: (() => number) | undefined) => {
      await apply?.(records, rowsAtOnce);
      for (const { key } of records) applied.push({ by: owner, shard: key.pk, at: world.now });
    };
    const patterns = createPatterns(mine, observe, () => 0);
    const time = { now: () => world.now, wait: (ms: number, signal: AbortSignal) => world.wait(ms, signal) };
    const seen = { ...feed, shards: whileAlive(feed.shards), read: whileAlive(feed.read) };
    const begin = () => {
      const batch: ChangeRecord[] = [];
      return {
        size: 0,
        add: (more: readonly ChangeRecord[]) => void batch.push(...more),
        apply: (rowsAtOnce?: () => number) => note(batch, rowsAtOnce),
      };
    };
    const runner = startFeedRunner(seen, patterns, { begin }, 'fanout', time, (error) => failures.push(error), owner);
    const stall = (): (() => void) => {
      let goOn = (): void => undefined;
      gate = new Promise((resolve) => {
        goOn = resolve;
      });
      return goOn;
    };
    return { ...runner, stall, crash: () => void stall() };
  };

  const pass = async (ms: number): Promise<void> => {
    const end = world.now + ms;
    world.after(ms, () => undefined);
    await world.until(() => world.now >= end, ms + 1);
  };
  const checkpoint = (shard: string) =>
    createPatterns(
      table,
      () => undefined,
      () => 0,
    ).getCheckpoint('fanout', shard);
  const writes = () => uses.filter(({ pattern, failed }) => pattern === 'putCheckpoint' && !failed).length;
  const setAside = () => failures.filter((error) => error instanceof RecordSetAside);
  return { world, feed, write, tell, limits, given, end, start, applied, setAside, pass, checkpoint, writes };
};

test('[INBOX-5] what a crashed runner leaves is taken over within ten seconds', async () => {
  const fleet = createFleet();
  const first = fleet.start('first');
  fleet.start('second');
  fleet.write('a', 'one');
  await fleet.pass(3 * second);
  expect(fleet.applied.map(({ by }) => by)).toEqual(['first']);
  first.crash();
  fleet.write('a', 'two');
  const crashed = fleet.world.now;
  await fleet.pass(takeOverMsMax);
  const taken = fleet.applied.find(({ shard }) => shard === 'two');
  expect(taken?.by).toBe('second');
  expect((taken?.at ?? Number.POSITIVE_INFINITY) - crashed).toBeLessThanOrEqual(takeOverMsMax);
});

test('[INBOX-5] a crash in the middle of a batch has the batch applied again, by the next one', async () => {
  const fleet = createFleet();
  const first = fleet.start('first', () => new Promise(() => undefined));
  await fleet.pass(second);
  fleet.write('a', 'one');
  await fleet.pass(3 * second);
  first.crash();
  fleet.start('second');
  await fleet.pass(takeOverMsMax);
  expect(fleet.applied.map(({ by, shard }) => [by, shard])).toEqual([['second', 'one']]);
});

test('a runner that stops lets go: the next one need not wait', async () => {
  const fleet = createFleet();
  const first = fleet.start('first');
  fleet.write('a', 'one');
  await fleet.pass(second);
  let stopped = false;
  void first.stop().then(() => {
    stopped = true;
  });
  await fleet.world.until(() => stopped, second);
  fleet.start('second');
  fleet.write('a', 'two');
  await fleet.pass(second);
  expect(fleet.applied.map(({ by, shard }) => [by, shard])).toEqual([
    ['first', 'one'],
    ['second', 'two'],
  ]);
});

test('[INBOX-5] an owner that stalled cannot move the checkpoint back', async () => {
  const fleet = createFleet();
  const first = fleet.start('first', () => fleet.world.wait(100));
  fleet.write('a', 'one');
  await fleet.pass(50);
  expect((await fleet.checkpoint('a'))?.owner).toBe('first');
  const goOn = first.stall();
  fleet.start('second');
  fleet.write('a', 'two');
  await fleet.pass(takeOverMsMax + 3 * second);
  const before = await fleet.checkpoint('a');
  expect(before).toMatchObject({ owner: 'second', position: '000002' } satisfies Partial<CheckpointItem>);
  goOn();
  await fleet.pass(10 * second);
  // It had both in its hands and applied them, which changes nothing; what it had to say of the checkpoint was refused.
  expect(await fleet.checkpoint('a')).toEqual(before);
  fleet.write('a', 'three');
  await fleet.pass(second);
  expect(fleet.applied.filter(({ shard }) => shard === 'three').map(({ by }) => by)).toEqual(['second']);
});

test('a long batch keeps its lease, and costs a write every two seconds', async () => {
  const fleet = createFleet();
  fleet.start('first', () => fleet.world.wait(20 * second));
  fleet.start('second');
  fleet.write('a', 'one');
  await fleet.pass(19 * second);
  expect((await fleet.checkpoint('a'))?.owner).toBe('first');
  expect(fleet.writes()).toBeLessThanOrEqual(11);
  await fleet.pass(5 * second);
  expect(fleet.applied.map(({ by }) => by)).toEqual(['first']);
});

test('a fleet at rest writes nothing', async () => {
  const fleet = createFleet();
  for (const owner of ['first', 'second', 'third']) fleet.start(owner);
  await fleet.pass(30 * second);
  expect(fleet.writes()).toBe(0);
  fleet.write('a', 'one');
  await fleet.pass(5 * second);
  const busy = fleet.writes();
  await fleet.pass(60 * second);
  expect(fleet.writes()).toBe(busy);
  expect(busy).toBeLessThanOrEqual(2);
});

test('shards spread over the fleet', async () => {
  const shards = ['a', 'b', 'c', 'd'].map((id) => ({ id }));
  const fleet = createFleet(shards);
  fleet.start('first');
  fleet.start('second');
  for (const { id } of shards) fleet.write(id, id);
  await fleet.pass(5 * second);
  const shares = new Map<string, number>();
  for (const { by } of fleet.applied) shares.set(by, (shares.get(by) ?? 0) + 1);
  expect([...shares.values()].sort()).toEqual([2, 2]);
});

test('[INBOX-3] a child shard is read when its parent is done, whoever read the parent', async () => {
  const fleet = createFleet([{ id: 'parent' }, { id: 'child', parent: 'parent' }]);
  fleet.write('child', 'later');
  fleet.write('parent', 'earlier');
  const first = fleet.start('first');
  await fleet.pass(5 * second);
  expect(fleet.applied.map(({ shard }) => shard)).toEqual(['earlier']);
  first.crash();
  fleet.end('parent');
  fleet.start('second');
  await fleet.pass(takeOverMsMax);
  expect(fleet.applied.map(({ by, shard }) => [by, shard])).toEqual([
    ['first', 'earlier'],
    ['second', 'later'],
  ]);
  expect(await fleet.checkpoint('parent')).toMatchObject({ done: true });
});

test('while nobody sends pages are long and many rows are updated at once; from the first send on, few, for a while', async () => {
  const fleet = createFleet();
  const rows: (number | undefined)[] = [];
  const runner = fleet.start('first', async (_, rowsAtOnce) => {
    rows.push(rowsAtOnce?.());
    runner.wake();
    rows.push(rowsAtOnce?.());
    await fleet.world.wait(20);
    rows.push(rowsAtOnce?.());
  });
  fleet.write('a', 'one');
  await fleet.pass(second);
  expect(rows).toEqual([128, 24, 128]);
  expect(fleet.limits.at(-1)).toBe(400);
  runner.wake();
  await fleet.pass(5);
  expect(fleet.limits.at(-1)).toBe(80);
  await fleet.pass(second);
  expect(fleet.limits.at(-1)).toBe(400);
});

test('whoever sends faster than short pages are read does not put the inboxes off for ever', async () => {
  const readMs = 20;
  const sentAtOnce = 200;
  const fleet = createFleet([{ id: 'a' }], readMs);
  const runner = fleet.start('first');
  let sent = 0;
  const send = (): void => {
    for (let n = 0; n < sentAtOnce; n += 1) fleet.write('a', 'one');
    sent += sentAtOnce;
    runner.wake();
  };
  send();
  await fleet.pass(second);
  const stop = fleet.world.every(readMs, send);
  await fleet.pass(12 * second);
  expect(fleet.limits).toContain(80);
  expect(sent - fleet.applied.length).toBeLessThan(sent / 2);
  stop();
  await fleet.pass(10 * second);
  expect(fleet.applied).toHaveLength(sent);
});

test('[INBOX-5] records that come with the hint are applied without being read, once and in their order', async () => {
  const fleet = createFleet();
  fleet.start('first');
  fleet.write('a', 'one');
  await fleet.pass(second);
  for (const name of ['two', 'three', 'four']) {
    fleet.write('a', name);
    fleet.tell('a', 1);
  }
  await fleet.pass(second);
  expect(fleet.applied.map(({ shard }) => shard)).toEqual(['one', 'two', 'three', 'four']);
  // Seen once by whoever watches, and once by whoever then holds the shard.
  expect(fleet.given).toEqual(['one', 'one']);
});

test('[INBOX-5] where a hint was lost, or came twice, reading makes up for it', async () => {
  const fleet = createFleet();
  fleet.start('first');
  fleet.write('a', 'one');
  await fleet.pass(second);
  fleet.write('a', 'lost');
  fleet.write('a', 'two');
  fleet.tell('a', 1);
  await fleet.pass(second);
  fleet.write('a', 'three');
  fleet.tell('a', 1);
  fleet.tell('a', 1);
  fleet.tell('a', 2);
  await fleet.pass(second);
  expect(fleet.applied.map(({ shard }) => shard)).toEqual(['one', 'lost', 'two', 'three']);
});

test('[INBOX-5] what is heard while the same is being read is applied once', async () => {
  const fleet = createFleet([{ id: 'a' }], 20);
  fleet.start('first');
  fleet.write('a', 'one');
  await fleet.pass(second);
  const names = Array.from({ length: 100 }, (_, n) => `m${n}`);
  for (const name of names) {
    fleet.write('a', name);
    fleet.tell('a', 1);
    await fleet.pass(7);
  }
  await fleet.pass(second);
  expect(fleet.applied.map(({ shard }) => shard)).toEqual(['one', ...names]);
  // Both happened: some were heard, and some were in what was read.
  expect(fleet.given.length).toBeGreaterThan(1);
  expect(fleet.given.length).toBeLessThan(names.length);
});

test('[INBOX-5] a batch that failed is applied again before what was heard meanwhile', async () => {
  const fleet = createFleet();
  let fails = 2;
  fleet.start('first', async (records) => {
    await fleet.world.wait(10);
    fails -= records.some(({ key }) => key.pk === 'two') ? 1 : 0;
    if (fails >= 0 && records.some(({ key }) => key.pk === 'two')) throw new Error('throttled');
  });
  fleet.write('a', 'one');
  await fleet.pass(second);
  fleet.write('a', 'two');
  fleet.tell('a', 1);
  await fleet.pass(25);
  fleet.write('a', 'three');
  fleet.tell('a', 1);
  await fleet.pass(3 * second);
  expect(fleet.applied.map(({ shard }) => shard)).toEqual(['one', 'two', 'three']);
  expect(fails).toBeLessThan(0);
});

test('[INBOX-5] a shard whose records cannot be applied holds up no other', async () => {
  const shards = Array.from({ length: 20 }, (_, index) => ({ id: `shard ${index}` }));
  const fleet = createFleet(shards);
  fleet.start('alone', async (records) => {
    if (records.some(({ key }) => key.pk === 'shard 0')) throw new Error('it can not be applied');
  });
  for (const { id } of shards) fleet.write(id, id);
  await fleet.pass(30 * second);
  const applied = new Set(fleet.applied.map(({ shard }) => shard));
  expect(shards.filter(({ id }) => !applied.has(id))).toEqual([{ id: 'shard 0' }]);
  fleet.write('shard 19', 'later');
  const written = fleet.world.now;
  await fleet.pass(10 * second);
  const later = fleet.applied.find(({ shard }) => shard === 'later');
  expect((later?.at ?? Number.POSITIVE_INFINITY) - written).toBeLessThan(second);
});

/** Fails every batch that a poisonous record is in. */
const unless =
  (isPoison: (name: string) => boolean, fault: () => Error) => async (records: readonly ChangeRecord[]) => {
    if (records.some(({ key }) => isPoison(key.pk))) throw fault();
  };

const names = (fleet: ReturnType<typeof createFleet>) => fleet.applied.map(({ shard }) => shard);

test('[INBOX-8] a record that cannot be applied is set aside and said; its page, and what comes later, goes on', async () => {
  const fleet = createFleet();
  fleet.start(
    'first',
    unless(
      (name) => name === 'm3',
      () => new TypeError('not what it should be'),
    ),
  );
  for (let n = 0; n < 8; n += 1) fleet.write('a', `m${n}`);
  await fleet.pass(2 * second);
  // What stands before it does not wait.
  expect(new Set(names(fleet))).toEqual(new Set(['m0', 'm1', 'm2']));
  expect(fleet.setAside()).toEqual([]);
  await fleet.pass(12 * second);
  expect(fleet.setAside()).toMatchObject([{ shard: 'a', position: '000004', cause: { name: 'TypeError' } }]);
  fleet.write('a', 'later');
  await fleet.pass(3 * second);
  expect(new Set(names(fleet))).toEqual(new Set(['m0', 'm1', 'm2', 'm4', 'm5', 'm6', 'm7', 'later']));
  expect(await fleet.checkpoint('a')).toMatchObject({ position: '000009' });
  expect(fleet.setAside()).toHaveLength(1);
});

test('[INBOX-8] neighbours of a record that cannot be applied are not written over and over while it is tried', async () => {
  const fleet = createFleet();
  fleet.start(
    'first',
    unless(
      (name) => name === 'm200',
      () => new TableError('invalid', 'an item too large'),
    ),
  );
  for (let n = 0; n < 400; n += 1) fleet.write('a', `m${n}`);
  await fleet.pass(15 * second);
  expect(fleet.setAside()).toHaveLength(1);
  expect(new Set(names(fleet)).size).toBe(399);
  expect(names(fleet).length).toBeLessThan(2 * 400);
});

test('[INBOX-8] several of them, also at the end of a shard that is over, are set aside one by one', async () => {
  const fleet = createFleet([{ id: 'a' }, { id: 'b', parent: 'a' }]);
  const poison = new Set(['m0', 'm1', 'm5', 'm9']);
  fleet.start(
    'first',
    unless(
      (name) => poison.has(name),
      () => new RangeError('out of all bounds'),
    ),
  );
  for (let n = 0; n < 10; n += 1) fleet.write('a', `m${n}`);
  fleet.write('b', 'child');
  fleet.end('a');
  await fleet.pass(60 * second);
  expect(fleet.setAside()).toMatchObject(['000001', '000002', '000006', '000010'].map((position) => ({ position })));
  expect(new Set(names(fleet))).toEqual(new Set(['m2', 'm3', 'm4', 'm6', 'm7', 'm8', 'child']));
  expect(await fleet.checkpoint('a')).toMatchObject({ done: true });
});

test('[INBOX-8] a busy conversation of which no record can be applied does not hold up its shard for each of them', async () => {
  const fleet = createFleet();
  fleet.start(
    'first',
    unless(
      (name) => name === 'broken',
      () => new TypeError('a row is not what it should be'),
    ),
  );
  fleet.write('a', 'broken');
  await fleet.pass(15 * second);
  expect(fleet.setAside()).toHaveLength(1);
  const stop = fleet.world.every(second, () => {
    fleet.write('a', 'broken');
    fleet.write('a', 'whole');
  });
  await fleet.pass(60 * second);
  stop();
  await fleet.pass(5 * second);
  const whole = names(fleet).filter((name) => name === 'whole').length;
  expect(whole).toBeGreaterThanOrEqual(59);
  expect(fleet.setAside()).toHaveLength(whole + 1);
});

test.each([
  ['throttled', () => new TableError('throttled', 'too much')],
  ['away', () => new TableError('unavailable', 'no answer')],
  ['missing', () => new TableError('no_such_table', 'dropped')],
  ['denied', () => new TableError('invalid', 'no right', { denied: true })],
  ['on a full disk', () => Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })],
])('[INBOX-8] a table that is %s sets nothing aside, however long it lasts', async (_, fault) => {
  const fleet = createFleet();
  let faulty = true;
  fleet.start(
    'first',
    unless(() => faulty, fault),
  );
  fleet.write('a', 'one');
  fleet.write('a', 'two');
  await fleet.pass(600 * second);
  expect(fleet.setAside()).toEqual([]);
  faulty = false;
  await fleet.pass(10 * second);
  expect(names(fleet)).toEqual(['one', 'two']);
});

test('[INBOX-8] a table that is away while a record is tried gives it no fewer tries', async () => {
  const fleet = createFleet();
  const began = fleet.world.now;
  let away = true;
  fleet.start('first', async (records) => {
    if (!records.some(({ key }) => key.pk === 'poison')) return;
    if (fleet.world.now - began > second && away) throw new TableError('unavailable', 'no answer');
    throw new TypeError('not what it should be');
  });
  fleet.write('a', 'poison');
  fleet.write('a', 'after');
  await fleet.pass(300 * second);
  expect(fleet.setAside()).toEqual([]);
  away = false;
  await fleet.pass(60 * second);
  expect(fleet.setAside()).toHaveLength(1);
  expect(names(fleet)).toEqual(['after']);
});
