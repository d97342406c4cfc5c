/** The fan-out as a fleet: who reads which shard, what that costs, and what happens when somebody stops. In virtual time. */
import { expect, test } from 'vitest';
import type { CheckpointItem } from '#store/items';
import { createFleet } from '../support/runner-fleet.ts';

const second = 1_000;
const takeOverMsMax = 10 * second;

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
