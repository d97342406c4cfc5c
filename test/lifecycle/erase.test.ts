/** USER-5: a person is erased, whole, however often the erasure is interrupted. */
import { describe, expect, test } from 'vitest';
import type { ConversationUuid } from '#domain/ids';
import { tombstone } from '#domain/tombstone';
import { quietMs } from '#messenger/lifecycle/erase';
import { catalog, type Role } from '#store/catalog';
import type { Item } from '#table/port';
import { skipServerTests } from '../support/dynoxide.ts';
import { must, named, onDynamo, onLmdb, onMemory, type Person, type Rig, startRig, textOf, watched } from './rig.ts';

const minute = 60_000;

interface Scene {
  readonly ada: Person;
  readonly bob: Person;
  readonly cyd: Person;
  readonly direct: ConversationUuid;
  readonly group: ConversationUuid;
  /** A group that Ada was removed from; her words are the last she could read there. */
  readonly left: ConversationUuid;
}

/** Everything that a person can leave behind. */
const live = async (rig: Rig, settled = true): Promise<Scene> => {
  const { messenger } = rig.node;
  const ada = await rig.person('ada', 'Ada Lovelace');
  const bob = await rig.person('bob', 'Bob');
  const cyd = await rig.person('cyd', 'Cyd');
  const dot = await rig.person('dot', 'Dot');
  const direct = await rig.open(ada, ['bob']);
  const group = await rig.open(ada, ['bob', 'cyd'], 'engines');
  const left = await rig.open(bob, ['ada', 'cyd']);
  await rig.open(ada, ['cyd']);
  await rig.say(ada, direct, 'Adas secret in the direct one');
  await rig.say(bob, direct, 'what Bob answered');
  await messenger.edit({ user: ada.user }, direct, 1, `Adas ${'very '.repeat(60)}long correction`);
  await messenger.react({ user: ada.user }, direct, 2, '👍', true);
  await messenger.react({ user: bob.user }, direct, 1, '❤️', true);
  await rig.say(cyd, group, 'Cyd in the group');
  await messenger.react({ user: ada.user }, group, 2, '🎉', true);
  await messenger.react({ user: bob.user }, group, 2, '🎉', true);
  await messenger.removeParticipant({ user: ada.user }, group, named('cyd'));
  await messenger.addParticipant({ user: ada.user }, group, named('dot'));
  await rig.say(ada, group, 'Adas last word in the group');
  await messenger.deleteMessage({ user: ada.user }, group, (await rig.say(ada, group, 'Adas regret')).seq);
  await rig.say(ada, left, 'Adas word before she was removed');
  await messenger.removeParticipant({ user: bob.user }, left, ada.handle);
  await rig.say(bob, left, 'Bob, once she was gone');
  await messenger.block({ user: ada.user }, dot.handle);
  await messenger.block({ user: cyd.user }, ada.handle);
  if (settled) await rig.settle();
  return { ada, bob, cyd, direct, group, left };
};

/** Goes on until the erasure is done, over the pause and over what other workers hold. */
const carryOut = async (rig: Rig, ada: Person, node = rig.node): Promise<string> => {
  for (let tries = 0; tries < 10; tries += 1) {
    const progress = await node.lifecycle.advance(ada.user);
    if (progress.state === 'done') return progress.receipt;
    if (progress.state === 'none') return '';
    rig.clock.now = Math.max(rig.clock.now, progress.until);
  }
  throw new Error('the erasure does not come to its end');
};

/** The items that still have anything to do with somebody: their uuid in clear, their names, their handle. */
const traces = (items: readonly Item[], person: Person): Item[] =>
  items.filter((item) => textOf(item).includes(person.user) || /lovelace|"ada"|HDL#ada|Adas /i.test(textOf(item)));

const expectGone = async (rig: Rig, { ada }: Pick<Scene, 'ada'>): Promise<void> => {
  const found = traces(await rig.scanMain(), ada);
  // The one thing that is left: what refuses their tokens, until these have expired.
  expect(found.map(({ pk, sk }) => [pk, sk])).toEqual([[`USR#${ada.user}`, 'PROFILE']]);
  const { expires_at, created_at, ...marker } = must(found[0]);
  expect(marker).toEqual({
    pk: `USR#${ada.user}`,
    sk: 'PROFILE',
    type: 'profile',
    uuid: ada.user,
    status: 'erased',
    handle: tombstone.handle,
    display_name: tombstone.display_name,
  });
  expect(expires_at).toBeGreaterThan(rig.clock.now / 1_000);
  expect(Date.parse(String(created_at))).toBeGreaterThan(rig.clock.now - 5 * minute);
  // Nothing of theirs can be decrypted: there is no key.
  expect(traces(await rig.scanKeys(), ada)).toEqual([]);
};

const expectStillReads = async (rig: Rig, { bob, cyd, direct, group, left }: Scene): Promise<void> => {
  const { messenger } = rig.startNode();
  const read = async (by: Person, conversation: ConversationUuid) =>
    (await messenger.history({ user: by.user }, conversation, { limit: 100, after_seq: 0 })).messages;
  const direct_ = await read(bob, direct);
  expect(direct_.map(({ seq, handle, message }) => [seq, handle, message])).toEqual([
    [1, 'deleted', undefined],
    [2, 'bob', 'what Bob answered'],
  ]);
  expect(direct_[0]).toMatchObject({ ...tombstone, deleted_at: expect.any(String) });
  expect(direct_[1]?.reactions).toBeUndefined();
  const group_ = await read(bob, group);
  expect(group_.map((entry) => entry.seq)).toEqual(group_.map((_, at) => at + 1));
  expect(group_[1]).toMatchObject({ message: 'Cyd in the group', reactions: { '🎉': [bob.user] } });
  expect(group_.at(-1)).toMatchObject({ kind: 'system', ...tombstone, message: 'left the conversation' });
  expect(group_.some((entry) => entry.unreadable !== undefined)).toBe(false);
  const view = await messenger.conversation({ user: bob.user }, direct);
  expect(view.participants.map((person) => person.handle).sort()).toEqual(['bob', 'deleted']);
  const people = (await messenger.conversation({ user: bob.user }, group)).participants;
  expect(people.map((person) => person.handle).sort()).toEqual(['bob', 'dot']);
  // The others' inboxes: the same conversations, none of them empty-handed or in her name.
  const { conversations } = await messenger.inbox({ user: bob.user }, { folder: 'inbox', limit: 20 });
  expect(conversations.map((row) => row.uuid).sort()).toEqual([direct, group, left].sort());
  expect(conversations.find((row) => row.uuid === direct)).toMatchObject({
    other_user_uuid: tombstone.user_uuid,
    other_user_handle: 'deleted',
    last_message: 'what Bob answered',
  });
  // Who is still there goes on as before.
  await messenger.send({ user: bob.user }, group, { message: 'we go on' });
  expect((await read(cyd, left)).some((entry) => entry.handle === 'deleted')).toBe(true);
};

describe.each([
  { engine: 'memory', open: onMemory, skip: false },
  { engine: 'LMDB', open: onLmdb, skip: false },
  { engine: 'DynamoDB', open: onDynamo, skip: skipServerTests },
])('on $engine', ({ open, skip }) => {
  test.skipIf(skip)(
    '[USER-5] erased, nothing of a person is in clear or to be decrypted, and the others go on',
    async () => {
      const rig = await startRig(open);
      try {
        const scene = await live(rig);
        expect(traces(await rig.scanMain(), scene.ada).length).toBeGreaterThan(15);
        expect(traces(await rig.scanKeys(), scene.ada).length).toBeGreaterThan(2);
        await rig.node.messenger.eraseMe({ user: scene.ada.user });
        expect(await rig.node.messenger.isServed(scene.ada.user)).toBe('refused');
        const receipt = await carryOut(rig, scene.ada);
        await rig.settle();
        await expectGone(rig, scene);
        await expectStillReads(rig, scene);
        expect(await rig.node.lifecycle.receipt(receipt)).toMatchObject({
          type: 'receipt',
          conversations_left: 4,
          blocks_deleted: 2,
          keys_deleted: 3,
        });
        expect(await rig.node.lifecycle.open()).toEqual([]);
      } finally {
        await rig.close();
      }
    },
  );
});

test('[USER-5] killed at any request to the tables and taken up by another node, it comes to the same end', async () => {
  class Killed extends Error {}
  for (let kills = 0, after = 0; ; after += 1) {
    // Every point near the beginning, then every ninth: each kind of step is met many times.
    if (after > 30 && after % 9 !== 0) continue;
    const rig = await startRig();
    try {
      const scene = await live(rig);
      await rig.node.messenger.eraseMe({ user: scene.ada.user });
      let left = after;
      const dying = <T>(run: () => Promise<T>): Promise<T> => {
        left -= 1;
        return left < 0 ? Promise.reject(new Killed('killed')) : run();
      };
      const victim = rig.startNode({ main: watched(rig.tables.main, dying), keys: watched(rig.tables.keys, dying) });
      let done = false;
      for (let tries = 0; tries < 2 && !done; tries += 1) {
        const progress = await victim.lifecycle.advance(scene.ada.user).catch(() => undefined);
        if (progress === undefined) break;
        done = progress.state === 'done';
        if (progress.state === 'waits') rig.clock.now = progress.until;
      }
      if (left < 0) kills += 1;
      // Whatever the dead node held, another goes on.
      await carryOut(rig, scene.ada, rig.startNode());
      await rig.settle();
      await expectGone(rig, scene);
      await expectStillReads(rig, scene);
      expect((await rig.scanMain()).filter((item) => item.type === 'receipt')).toHaveLength(1);
      if (done) {
        expect(kills).toBeGreaterThan(30);
        return;
      }
    } finally {
      await rig.close();
    }
  }
});

test('[USER-5] what was under way when it began is erased as well: a send, a reaction, a group change, a late fan-out', async () => {
  const rig = await startRig();
  try {
    const scene = await live(rig);
    const { ada, bob, cyd, direct, group } = scene;
    const other = rig.startNode();
    // Another node has everything in memory that the erasure changes.
    await other.messenger.history({ user: ada.user }, direct, { limit: 20 });
    await other.messenger.history({ user: bob.user }, group, { limit: 20 });
    await other.messenger.isServed(ada.user);
    await rig.node.messenger.eraseMe({ user: ada.user });
    const first = await rig.node.lifecycle.advance(ada.user);
    expect(first).toMatchObject({ state: 'waits' });
    // Requests that passed the door before the refusal, and end only now.
    await other.messenger.send({ user: ada.user }, direct, { message: 'Adas late word' });
    await other.messenger.react({ user: ada.user }, direct, 2, '🔥', true);
    await expect(other.messenger.send({ user: ada.user }, group, { message: 'Adas late word' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await other.messenger.addParticipant({ user: bob.user }, group, cyd.handle);
    await other.messenger.block({ user: bob.user }, ada.handle).catch(() => undefined);
    await carryOut(rig, ada);
    await rig.settle(other);
    await expectGone(rig, scene);
    const page = await other.messenger.history({ user: bob.user }, direct, { limit: 5 });
    expect(page.messages[0]).toMatchObject({ seq: 3, ...tombstone });
    expect(page.messages[1]?.reactions).toBeUndefined();
  } finally {
    await rig.close();
  }
});

test('[USER-5] a fan-out that comes only after the erasure brings nothing back', async () => {
  const rig = await startRig();
  try {
    const scene = await live(rig, false);
    const { ada, bob, direct, left } = scene;
    // The newest entry there is about Ada.
    await rig.node.messenger.addParticipant({ user: bob.user }, left, ada.handle);
    await rig.node.messenger.removeParticipant({ user: bob.user }, left, ada.handle);
    await rig.node.messenger.eraseMe({ user: ada.user });
    await carryOut(rig, ada);
    // The whole feed, from the first record on: record by record, in one go, and once more by another node.
    for (const shard of await rig.tables.main.feed.shards()) {
      const { records } = await rig.tables.main.feed.read(shard.id, 'oldest', 1_000);
      const slow = rig.startNode();
      for (const record of records) await slow.fanout([record]);
      await expectGone(rig, scene);
      await rig.startNode().fanout(records);
      await expectGone(rig, scene);
    }
    await rig.settle(rig.startNode());
    await expectGone(rig, scene);
    expect(await rig.node.lifecycle.open()).toEqual([]);
    const { conversations } = await rig.node.messenger.inbox({ user: bob.user }, { folder: 'inbox', limit: 5 });
    expect(conversations.find((row) => row.uuid === left)?.last_message).toBe('removed Deleted user');
    expect(conversations.find((row) => row.uuid === direct)).toMatchObject({
      other_user_handle: 'deleted',
      last_message: 'what Bob answered',
    });
  } finally {
    await rig.close();
  }
});

test('[TABLE-2] [SEC-4] each role asks only what the catalog lets it: service, fan-out and life cycle', async () => {
  const rig = await startRig();
  try {
    const { ada, bob } = await live(rig);
    const [service, worker, fanout] = [rig.startNode(), rig.startNode(), rig.startNode()];
    const beyond = (node: typeof rig.node, role: Role) =>
      [...new Set(node.uses.map((use) => use.pattern))].filter(
        (name) => !(catalog[name].roles as readonly Role[]).includes(role),
      );
    await service.messenger.eraseMe({ user: ada.user });
    await service.messenger.isServed(ada.user);
    await worker.lifecycle.open();
    const receipt = await carryOut(rig, ada, worker);
    await worker.lifecycle.receipt(receipt);
    await worker.lifecycle.audit.audited({ by: 'op', act: 'export', user: bob.user }, async () => {
      const lines: string[] = [];
      for await (const line of worker.lifecycle.exportOf({ user: bob.user })) lines.push(line);
      const { cursor } = JSON.parse(lines.at(-2) ?? '{}');
      for await (const line of worker.lifecycle.exportOf({ user: bob.user }, cursor)) lines.push(line);
    });
    await worker.lifecycle.setStatus(bob.user, 'disabled');
    await worker.lifecycle.find('bob');
    for await (const _ of worker.lifecycle.users());
    for await (const _ of worker.lifecycle.audit.list('2026-01'));
    await rig.settle(fanout);
    for (const shard of await rig.tables.main.feed.shards()) {
      const { records } = await rig.tables.main.feed.read(shard.id, 'oldest', 1_000);
      await fanout.fanout(records);
    }
    expect(beyond(service, 'service')).toEqual([]);
    expect(beyond(worker, 'lifecycle')).toEqual([]);
    expect(beyond(fanout, 'fanout')).toEqual([]);
  } finally {
    await rig.close();
  }
});

test('[USER-5] a conversation whose row came too late for the erasure is found by the fan-out, and erased from', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada', 'Ada Lovelace');
    const bob = await rig.person('bob');
    const direct = await rig.open(ada, ['bob']);
    // As if the node had died between the conversation and its rows, and the fan-out had been away since.
    await rig.node.patterns.deleteInboxRow(ada.user, direct);
    await rig.node.messenger.eraseMe({ user: ada.user });
    await carryOut(rig, ada);
    expect(traces(await rig.scanMain(), ada).map(({ pk }) => pk)).toContain(`MSG#${direct}`);
    await rig.settle();
    expect(await rig.node.lifecycle.open()).toEqual([ada.user]);
    await carryOut(rig, ada);
    await expectGone(rig, { ada });
    expect(await rig.node.lifecycle.open()).toEqual([]);
    expect((await rig.node.messenger.conversation({ user: bob.user }, direct)).participants).toHaveLength(2);
  } finally {
    await rig.close();
  }
});

test('[USER-5] two nodes at once: one works under a lease, the other waits for it', async () => {
  const rig = await startRig();
  try {
    const scene = await live(rig);
    await rig.node.messenger.eraseMe({ user: scene.ada.user });
    const nodes = [rig.startNode(), rig.startNode(), rig.startNode()];
    const progress = await Promise.all(nodes.map((node) => node.lifecycle.advance(scene.ada.user)));
    expect(progress.every(({ state }) => state === 'waits')).toBe(true);
    rig.clock.now += quietMs + minute;
    const ends = await Promise.all(nodes.map((node) => node.lifecycle.advance(scene.ada.user)));
    expect(ends.filter(({ state }) => state === 'done')).toHaveLength(1);
    await rig.settle();
    await expectGone(rig, scene);
    // Asked for again, there is nothing left to do.
    await rig.node.messenger.eraseMe({ user: scene.ada.user });
    expect(await rig.node.lifecycle.open()).toEqual([]);
  } finally {
    await rig.close();
  }
});

test('[USER-5] both of a conversation erased at once leave one tombstone, and a readable log', async () => {
  const rig = await startRig();
  try {
    const scene = await live(rig);
    const { ada, bob, cyd, group } = scene;
    for (const person of [ada, bob]) await rig.node.messenger.eraseMe({ user: person.user });
    await Promise.all([carryOut(rig, ada, rig.startNode()), carryOut(rig, bob, rig.startNode())]);
    await rig.settle();
    const left = (await rig.scanMain()).filter((item) => [ada, bob].some(({ user }) => textOf(item).includes(user)));
    expect(left.map(({ sk }) => sk)).toEqual(['PROFILE', 'PROFILE']);
    const item = must(await rig.node.patterns.getConversation(group));
    expect(item.members.filter((member) => member.user_uuid === tombstone.user_uuid)).toHaveLength(1);
    const page = await rig.node.messenger.history({ user: cyd.user }, group, { limit: 100 });
    expect(page.messages.find((message) => message.message === 'Cyd in the group')).toBeDefined();
  } finally {
    await rig.close();
  }
});

test('[USER-2] [USER-5] somebody new takes the handle and inherits nothing; who comes back begins anew', async () => {
  const rig = await startRig();
  try {
    const { ada, bob, cyd, direct } = await live(rig);
    const { messenger } = rig.node;
    await messenger.eraseMe({ user: ada.user });
    await carryOut(rig, ada);
    await rig.settle();
    const heir = await rig.person('ada', 'Another Ada');
    const call = { user: heir.user };
    expect(await messenger.inbox(call, { folder: 'inbox', limit: 20 })).toEqual({ conversations: [] });
    expect((await messenger.blocks(call, { limit: 20 })).blocks).toEqual([]);
    await expect(messenger.history(call, direct, { limit: 20 })).rejects.toMatchObject({ code: 'not_found' });
    await expect(messenger.deleteMessage(call, direct, 1)).rejects.toMatchObject({ code: 'not_found' });
    const anew = await rig.open(heir, ['bob']);
    expect(anew).not.toBe(direct);
    expect((await messenger.history({ user: bob.user }, anew, { limit: 20 })).messages).toEqual([]);
    // Cyd had blocked the one who is gone, not the one who has the handle now.
    const toCyd = await rig.open(heir, ['cyd']);
    await rig.say(heir, toCyd, 'hello, I am new here');
    await expect(messenger.send({ user: bob.user }, direct, { message: 'are you there?' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(rig.person('deleted')).rejects.toMatchObject({ code: 'handle_taken' });
    // The same uuid, once its marker is gone, is a stranger too.
    await rig.tables.main.delete({ key: { pk: `USR#${ada.user}`, sk: 'PROFILE' } });
    const later = rig.startNode();
    await later.messenger.provision(ada.user, { handle: named('ada_again') });
    const { conversation, created } = await later.messenger.open({ user: ada.user }, { handles: [bob.handle] });
    expect(created).toBe(true);
    expect(conversation.uuid).not.toBe(direct);
    expect((await later.messenger.open({ user: bob.user }, { handles: [named('ada_again')] })).conversation.uuid).toBe(
      conversation.uuid,
    );
    expect(cyd.user).not.toBe(heir.user);
  } finally {
    await rig.close();
  }
});
