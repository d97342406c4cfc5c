/** USER-5: a person is erased, whole, however often the erasure is interrupted. */
import { describe, expect, test } from 'vitest';
import type { ConversationUuid } from '#domain/ids';
import { tombstone } from '#domain/tombstone';
import { quietMs } from '#messenger/lifecycle/erase';
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
const live = async (rig: Rig): Promise<Scene> => {
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
  await rig.settle();
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
