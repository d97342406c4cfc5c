/** A change that cannot be applied, in the fan-out of a server: it does not hold up what comes after it. In virtual time. */
import { expect, test } from 'vitest';
import { TableError } from '#table/errors';
import type { ChangeRecord } from '#table/port';
import { createFleet } from '../support/runner-fleet.ts';

const second = 1_000;

/** Fails every batch that one of these records is in. */
const unless =
  (poison: readonly string[], fault: () => Error) =>
  async (records: readonly ChangeRecord[]): Promise<void> => {
    if (records.some(({ key }) => poison.includes(key.pk))) throw fault();
  };

const names = (fleet: ReturnType<typeof createFleet>) => fleet.applied.map(({ shard }) => shard);

test('[INBOX-8] a record that cannot be applied is set aside and said; its page, and what comes later, goes on', async () => {
  const fleet = createFleet();
  fleet.start(
    'first',
    unless(['m3'], () => new TypeError('not what it should be')),
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
    unless(['m200'], () => new TableError('invalid', 'an item too large')),
  );
  for (let n = 0; n < 400; n += 1) fleet.write('a', `m${n}`);
  await fleet.pass(15 * second);
  expect(fleet.setAside()).toHaveLength(1);
  expect(new Set(names(fleet)).size).toBe(399);
  expect(names(fleet).length).toBeLessThan(2 * 400);
});

test('[INBOX-8] several of them, also at the end of a shard that is over, are set aside one by one', async () => {
  const fleet = createFleet([{ id: 'a' }, { id: 'b', parent: 'a' }]);
  fleet.start(
    'first',
    unless(['m0', 'm1', 'm5', 'm9'], () => new RangeError('out of all bounds')),
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
    unless(['broken'], () => new TypeError('a row is not what it should be')),
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
  fleet.start('first', async () => {
    if (faulty) throw fault();
  });
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
