/** The fan-out as a function behind the stream: the same code, partial batch responses, a filter, and no way to any key. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createLocalBus } from '#bus/local';
import { createLocalCache } from '#cache/local';
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import { applyBatch, NothingApplied, type StreamEvent } from '#lambda/stream-batch';
import { createMessenger } from '#messenger/create';
import { createFanoutAlone } from '#messenger/create-fanout';
import { beginPlan } from '#messenger/fanout-plan';
import { createPatterns } from '#store/patterns';
import { streamFilters } from '#store/stream-filters';
import { changeOf, type StreamRecord } from '#table/dynamodb/stream-record';
import { createMemoryTable } from '#table/embedded/memory-table';
import { TableError } from '#table/errors';
import type { ChangeRecord, Table } from '#table/port';
import { mainSchema } from '#table/schema';
import { plainSealer } from '../sim/plain-sealer.ts';
import { passes, streamRecord } from '../support/stream-records.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const enoughTime = () => 60_000;
const ignore = () => undefined;

/** Two people who talk, over a table without a runner; the stream's records, and a fan-out of its own. */
const createWorld = async () => {
  let now = Date.UTC(2026, 0, 1);
  const clock = () => {
    now += 1;
    return now;
  };
  const table = createMemoryTable({ schema: mainSchema, name: 'lambda', now: clock });
  /** Users whose rows cannot be written. */
  const away = new Set<string>();
  const faulty: Table = {
    ...table,
    update: async (request, call) => {
      if ([...away].some((user) => request.key.pk.includes(user))) throw new TableError('unavailable', 'away');
      return table.update(request, call);
    },
  };
  const patterns = createPatterns(faulty, ignore, () => 0);
  const { messenger } = createMessenger({
    patterns,
    sealer: plainSealer,
    cache: createLocalCache(clock, Math.random),
    bus: createLocalBus(),
    now: clock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  const people = ['ada', 'bob', 'cy'].map((handle, index) => ({
    handle: handle as Handle,
    uuid: `1000000${index}-0000-4000-8000-000000000000` as UserUuid,
  }));
  for (const { uuid, handle } of people) await messenger.provision(uuid, { handle });
  const [ada, bob, cy] = people;
  if (ada === undefined || bob === undefined || cy === undefined) throw new Error('three people');
  const open = async (other: { handle: Handle }): Promise<ConversationUuid> =>
    (await messenger.open({ user: ada.uuid }, { handles: [other.handle] })).conversation.uuid as ConversationUuid;
  const records = async (): Promise<ChangeRecord[]> => {
    const [shard] = await table.feed.shards();
    return [...(await table.feed.read(shard?.id ?? '', 'oldest', 1_000)).records];
  };
  const fanout = createFanoutAlone({ patterns, cache: createLocalCache(clock, Math.random), bus: createLocalBus() });
  const unread = async (user: UserUuid) =>
    (await messenger.inbox({ user }, { folder: 'inbox', limit: 20 })).conversations.map((row) => row.unread);
  return { messenger, ada, bob, cy, open, records, fanout, unread, away };
};

const eventOf = (records: readonly ChangeRecord[]): StreamEvent => ({ Records: records.map(streamRecord) });

test('[INBOX-3] the function brings the rows up to date, and twice changes nothing', async () => {
  const world = await createWorld();
  const conversation = await world.open(world.bob);
  for (const message of ['one', 'two']) await world.messenger.send({ user: world.ada.uuid }, conversation, { message });
  const event = eventOf(await world.records());
  for (let time = 0; time < 2; time += 1) {
    expect(await applyBatch(world.fanout, event, enoughTime, ignore)).toEqual({ batchItemFailures: [] });
    expect(await world.unread(world.bob.uuid)).toEqual([2]);
  }
});

/** What the stream has of messages that Ada sends, one after the other. */
const streamOf = async (
  world: Awaited<ReturnType<typeof createWorld>>,
  sends: readonly (readonly [ConversationUuid, string])[],
): Promise<readonly ChangeRecord[]> => {
  const before = (await world.records()).length;
  for (const [conversation, message] of sends) {
    await world.messenger.send({ user: world.ada.uuid }, conversation, { message });
  }
  return (await world.records()).slice(before);
};

test('[INBOX-5] a batch that goes only in part names the first record that has to come again', async () => {
  const world = await createWorld();
  const withBob = await world.open(world.bob);
  const withCy = await world.open(world.cy);
  const fresh = await streamOf(world, [
    [withBob, 'one'],
    [withCy, 'two'],
    [withBob, 'three'],
  ]);
  const firstOfCy = fresh.find(({ after }) => after?.message_group_uuid === withCy);

  world.away.add(world.cy.uuid);
  const response = await applyBatch(world.fanout, eventOf(fresh), enoughTime, ignore);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: firstOfCy?.position }] });

  world.away.clear();
  const again = fresh.slice(fresh.findIndex(({ position }) => position === firstOfCy?.position));
  expect(await applyBatch(world.fanout, eventOf(again), enoughTime, ignore)).toEqual({ batchItemFailures: [] });
  expect(await world.unread(world.bob.uuid)).toEqual([2]);
  expect(await world.unread(world.cy.uuid)).toEqual([1]);
});

test('[INBOX-5] a batch of which nothing can be applied is an error, so that it is counted and comes again in halves', async () => {
  const world = await createWorld();
  const withCy = await world.open(world.cy);
  const withBob = await world.open(world.bob);
  const fresh = await streamOf(world, [
    [withCy, 'one'],
    [withBob, 'two'],
  ]);
  world.away.add(world.cy.uuid);
  await expect(applyBatch(world.fanout, eventOf(fresh), enoughTime, ignore)).rejects.toThrow(NothingApplied);

  // As Lambda does it: in halves, until what cannot be applied stands alone; its neighbours need not be set aside with it.
  const alone: string[] = [];
  const invoke = async (records: readonly ChangeRecord[]): Promise<void> => {
    if (records.length === 0) return;
    const answer = await applyBatch(world.fanout, eventOf(records), enoughTime, ignore).catch((error: unknown) => {
      expect(error).toBeInstanceOf(NothingApplied);
      return undefined;
    });
    if (answer === undefined && records.length === 1) alone.push(String(records[0]?.after?.message_group_uuid));
    else if (answer === undefined) {
      const middle = Math.ceil(records.length / 2);
      await invoke(records.slice(0, middle));
      await invoke(records.slice(middle));
    } else {
      const [failure] = answer.batchItemFailures;
      if (failure !== undefined)
        await invoke(records.slice(records.findIndex(({ position }) => position === failure.itemIdentifier)));
    }
  };
  await invoke(fresh);
  expect(new Set(alone)).toEqual(new Set([withCy]));
  expect(await world.unread(world.bob.uuid)).toEqual([1]);
});

test('a batch of nothing is done', async () => {
  const world = await createWorld();
  expect(await applyBatch(world.fanout, { Records: [] }, enoughTime, ignore)).toEqual({ batchItemFailures: [] });
});

test('a function that runs out of time before anything is sure says so by an error', async () => {
  const world = await createWorld();
  const conversation = await world.open(world.bob);
  await world.messenger.send({ user: world.ada.uuid }, conversation, { message: 'one' });
  const event = eventOf(await world.records());
  await expect(applyBatch(world.fanout, event, () => 1_000, ignore)).rejects.toThrow(NothingApplied);
});

test('a function that runs out of time answers with what it surely did', async () => {
  const world = await createWorld();
  const withBob = await world.open(world.bob);
  const withCy = await world.open(world.cy);
  const fresh = await streamOf(world, [
    [withBob, 'one'],
    [withCy, 'two'],
  ]);
  const firstOfCy = fresh.find(({ after }) => after?.message_group_uuid === withCy);
  world.away.add(world.cy.uuid);
  let asked = 0;
  // Enough for the whole and the first half of it, and then no more.
  const timeLeft = () => {
    asked += 1;
    return asked <= 2 ? 60_000 : 1_000;
  };
  const response = await applyBatch(world.fanout, eventOf(fresh), timeLeft, ignore);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: firstOfCy?.position }] });
});

test('a record that another program wrote, and that nobody here can read, holds up only what follows it', async () => {
  const world = await createWorld();
  const conversation = await world.open(world.bob);
  await world.messenger.send({ user: world.ada.uuid }, conversation, { message: 'one' });
  const { Records } = eventOf(await world.records());
  const strange = { NS: ['1'] } as unknown as { S: string };
  const alien = (pk: string, SequenceNumber: string): StreamRecord => ({
    eventName: 'INSERT',
    dynamodb: { Keys: { pk: { S: pk }, sk: { S: '1' } }, NewImage: { set: strange }, SequenceNumber },
  });
  // What would ask nothing of the inboxes, could it be read, is passed over like its kind.
  const event = { Records: [alien('x', '8'), ...Records, alien(`MSG#${conversation}`, '9')] };
  const response = await applyBatch(world.fanout, event, enoughTime, ignore);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: '9' }] });
  expect(await world.unread(world.bob.uuid)).toEqual([1]);
});

test('the event filter lets through all that the fan-out acts on, and none of its own writes', async () => {
  const world = await createWorld();
  const conversation = await world.open(world.bob);
  const { message } = await world.messenger.send({ user: world.ada.uuid }, conversation, { message: 'one' });
  await world.messenger.edit({ user: world.ada.uuid }, conversation, message.seq, 'once');
  await world.messenger.changeMe({ user: world.ada.uuid }, { display_name: 'Ada L.' });
  await applyBatch(world.fanout, eventOf(await world.records()), enoughTime, ignore);
  await world.messenger.markRead({ user: world.bob.uuid }, conversation, { seq: 1 });

  const kinds = { acted: new Set<string>(), passed: new Set<string>() };
  for (const change of await world.records()) {
    const name = `${change.kind} ${change.after?.type}`;
    const batch = beginPlan();
    batch.add([changeOf(streamRecord(change))]);
    const plan = batch.plan();
    const acts = plan.conversations.length > 0 || plan.profiles.length > 0;
    const let_through = streamFilters.some((filter) => passes(filter, streamRecord(change)));
    if (acts) kinds.acted.add(name);
    if (let_through) kinds.passed.add(name);
    if (acts) expect(let_through, name).toBe(true);
  }
  expect(kinds.acted).toEqual(new Set(['insert conversation', 'insert message', 'modify message', 'modify profile']));
  expect(kinds.passed).toEqual(kinds.acted);
});

test('[SEC-4] nothing that the function imports can open a text or reach a key', () => {
  const pathOf = (from: string, name: string): string | undefined => {
    if (name.startsWith('.')) return join(dirname(from), name);
    return name.startsWith('#') ? join(root, 'src', `${name.slice(1)}.ts`) : undefined;
  };
  const seen = new Set<string>();
  const outside = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    expect(existsSync(path), path).toBe(true);
    for (const [, clause = '', name = ''] of readFileSync(path, 'utf8').matchAll(
      /^(?:import|export) ([^;]*?)\s*from '([^']+)';/gms,
    )) {
      if (clause.startsWith('type ')) continue;
      const next = pathOf(path, name);
      if (next === undefined) outside.add(name);
      else visit(next);
    }
  };
  visit(join(root, 'src', 'lambda', 'fanout.ts'));
  const modules = [...seen].map((path) => relative(root, path));
  expect(modules).toContain('src/messenger/fanout.ts');
  expect(modules.filter((path) => path.startsWith('src/crypto/'))).toEqual([]);
  expect([...outside].filter((name) => /kms|jose/.test(name))).toEqual([]);
});
