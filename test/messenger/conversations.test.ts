import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ConversationUuid, UserUuid } from '#domain/ids';
import { groupJoiningsMax } from '#domain/limits';
import { isoTime } from '#domain/time';
import { uuidV7 } from '#domain/uuid';
import { directUuid } from '#messenger/conversations';
import { isConditionFailed, TableError } from '#table/errors';
import type { Table } from '#table/port';
import { codeOf, createNode, createRig, named, sendAll } from '../support/messenger-rig.ts';

test('[CONV-1] two who start at the same moment from two nodes get one conversation', async () => {
  const rig = await createRig();
  const nodes = [createNode(rig.table, rig.clock), createNode(rig.table, rig.clock, 1_000)];
  const opened = await Promise.all([
    nodes[0]?.messenger.open({ user: rig.cleo }, { handles: [named('dan')] }),
    nodes[1]?.messenger.open({ user: rig.dan }, { handles: [named('cleo')] }),
  ]);
  expect(new Set(opened.map((one) => one?.conversation.uuid))).toEqual(new Set([directUuid(rig.cleo, rig.dan)]));
  expect(opened.map((one) => one?.created).sort()).toEqual([false, true]);
  expect(opened[0]?.conversation.created_at).toBe(opened[1]?.conversation.created_at);
});

test('[CONV-1] [INBOX-1] of two who start at the same moment each has it in their inbox', async () => {
  const rig = await createRig();
  const nodes = [createNode(rig.table, rig.clock), createNode(rig.table, rig.clock)];
  const cleo = { user: rig.cleo };
  const ana = { user: rig.ana };
  await Promise.all([
    nodes[0]?.messenger.open(ana, { handles: [named('cleo')] }),
    nodes[1]?.messenger.open(cleo, { handles: [named('ana')] }),
  ]);
  const withOther = async (call: { user: UserUuid }, other: string) => {
    const { conversations } = await rig.messenger.inbox(call, { folder: 'inbox', limit: 20 });
    return conversations.filter((row) => row.other_user_handle === other).length;
  };
  expect([await withOther(ana, 'cleo'), await withOther(cleo, 'ana')]).toEqual([1, 1]);
});

test('[CONV-1] [LIVE-1] whoever opens a direct conversation sees it on their other screens; the other one hears nothing', async () => {
  const rig = await createRig();
  const open = () => rig.messenger.open({ user: rig.ana }, { handles: [named('cleo')] });
  rig.events.length = 0;
  const { conversation } = await open();
  expect(rig.events).toMatchObject([
    { type: 'conversation.updated', to: [rig.ana], body: { message_group_uuid: conversation.uuid } },
  ]);
  await open();
  expect(rig.events).toHaveLength(1);
  await rig.messenger.open({ user: rig.cleo }, { handles: [named('ana')] });
  expect(rig.events.slice(1)).toMatchObject([{ type: 'conversation.updated', to: [rig.cleo] }]);
});

test('[CONV-1] of many starts by one person in one moment exactly one says that it made the conversation', async () => {
  const rig = await createRig();
  const open = () => rig.messenger.open({ user: rig.cleo }, { handles: [named('dan')] });
  const opened = await Promise.all(Array.from({ length: 20 }, open));
  expect(opened.filter(({ created }) => created)).toHaveLength(1);
  expect(new Set(opened.map(({ conversation }) => conversation.uuid)).size).toBe(1);
});

test('[CONV-1] a start whose answer was lost has made the conversation, and says so', async () => {
  const rig = await createRig();
  let lost = 0;
  const table: Table = {
    ...rig.table,
    put: async (request, call) => {
      if (request.item.type !== 'conversation' || lost > 0) return rig.table.put(request, call);
      lost += 1;
      await rig.table.put(request, call);
      // As an adapter does: the answer did not come, so it is put again.
      return rig.table.put(request, call);
    },
  };
  const node = createNode(table, rig.clock);
  const { created } = await node.messenger.open({ user: rig.cleo }, { handles: [named('dan')] });
  expect([lost, created]).toEqual([1, true]);
});

test('[CONV-1] the uuid is that of the pair, whoever asks, and of version 5', async () => {
  const rig = await createRig();
  expect(directUuid(rig.ana, rig.ben)).toBe(directUuid(rig.ben, rig.ana));
  expect(directUuid(rig.ana, rig.ben)).not.toBe(directUuid(rig.ana, rig.cleo));
  expect(directUuid(rig.ana, rig.ben)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a conversation with oneself, with nobody known, and a group of two are refused', async () => {
  const rig = await createRig();
  const open = (handles: string[], title?: string) =>
    rig.messenger.open(
      { user: rig.ana },
      title === undefined ? { handles: handles.map(named) } : { handles: handles.map(named), title },
    );
  expect(await codeOf(open(['ana']))).toBe('invalid_field');
  expect(await codeOf(open(['nobody']))).toBe('not_found');
  expect(await codeOf(open(['ben'], 'a title'))).toBe('invalid_field');
});

test('[INBOX-6] who has no profile opens nothing: the others’ rows would name nobody, also once there is one', async () => {
  const rig = await createRig();
  const nobody = { user: '99999999-0000-4000-8000-000000000009' as UserUuid };
  rig.events.length = 0;
  for (const handles of [[named('ana')], [named('ana'), named('ben')]])
    expect(await codeOf(rig.messenger.open(nobody, { handles }))).toBe('not_found');
  expect(rig.events).toEqual([]);
});

test('[CONV-2] each change of a group is an entry: history shows who was there when', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open(
    { user: rig.ana },
    { handles: [named('ben'), named('cleo')], title: 'garden' },
  );
  const group = conversation.uuid as ConversationUuid;
  await rig.messenger.changeConversation({ user: rig.ben }, group, { title: 'roof garden' });
  await rig.messenger.addParticipant({ user: rig.ben }, group, named('dan'));
  await rig.messenger.removeParticipant({ user: rig.cleo }, group, named('cleo'));
  const { messages } = await rig.messenger.history({ user: rig.ana }, group, { limit: 20 });
  expect(messages.map(({ kind, handle, message }) => [kind, handle, message]).reverse()).toEqual([
    ['system', 'ana', 'created the group “garden”'],
    ['system', 'ben', 'named the group “roof garden”'],
    ['system', 'ben', 'added dan'],
    ['system', 'cleo', 'left the conversation'],
  ]);
  const now = await rig.messenger.conversation({ user: rig.ana }, group);
  expect([now.title, now.participants.map(({ handle }) => handle)]).toEqual(['roof garden', ['ana', 'ben', 'dan']]);
});

test('[CONV-2] the one who made a group removes others; nobody else does while they are in it', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open(
    { user: rig.ana },
    { handles: [named('ben'), named('cleo'), named('dan')] },
  );
  const group = conversation.uuid as ConversationUuid;
  expect(await codeOf(rig.messenger.removeParticipant({ user: rig.ben }, group, named('cleo')))).toBe('forbidden');
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('ana'));
  const left = await rig.messenger.removeParticipant({ user: rig.ben }, group, named('cleo'));
  expect(left.participants.map(({ handle }) => handle)).toEqual(['ben', 'dan']);
});

test('[CONV-2] a group takes a hundred and no more; a direct conversation takes nobody', async () => {
  const rig = await createRig();
  for (let index = 0; index < 98; index += 1) {
    const uuid = `000000aa-0000-4000-8000-${String(index).padStart(12, '0')}` as typeof rig.ana;
    await rig.messenger.provision(uuid, { handle: named(`guest_${index}`) });
  }
  const handles = Array.from({ length: 98 }, (_, index) => named(`guest_${index}`));
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [...handles, named('ben')] });
  expect(conversation.participants).toHaveLength(100);
  const group = conversation.uuid as ConversationUuid;
  expect(await codeOf(rig.messenger.addParticipant({ user: rig.ana }, group, named('cleo')))).toBe('group_full');
  expect(await codeOf(rig.messenger.addParticipant({ user: rig.ana }, rig.direct, named('cleo')))).toBe('not_a_group');
});

test('[CONV-2] somebody who leaves and comes back for ever does not make the group grow without bound', async () => {
  const rig = await createRig();
  const group = uuidV7(rig.clock.ms, randomBytes(10)) as ConversationUuid;
  const left = Array.from({ length: groupJoiningsMax - 3 }, (_, index) => ({ from: 2 * index, to: 2 * index + 1 }));
  const spans = [{ from: 0 }];
  await rig.patterns.createConversation({
    type: 'conversation',
    uuid: group,
    kind: 'group',
    nonce: 'of this test',
    created_by: rig.ana,
    created_at: isoTime(rig.clock.ms),
    members_seq: 0,
    members: [
      { user_uuid: rig.ana, spans },
      { user_uuid: rig.cleo, spans },
      { user_uuid: rig.ben, spans: left },
    ],
  });
  await rig.messenger.addParticipant({ user: rig.ana }, group, named('ben'));
  await rig.messenger.removeParticipant({ user: rig.ben }, group, named('ben'));
  expect(await codeOf(rig.messenger.addParticipant({ user: rig.ana }, group, named('ben')))).toBe('group_full');
  await sendAll(rig, rig.messenger, rig.ana, group, ['without him']);
});

test('[CONV-2] the same change asked for many times at once is one entry', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  const many = async (change: () => Promise<unknown>): Promise<void> => {
    await Promise.all(Array.from({ length: 10 }, change));
  };
  await many(() => rig.messenger.addParticipant({ user: rig.ana }, group, named('dan')));
  await many(() => rig.messenger.changeConversation({ user: rig.ana }, group, { title: 'garden' }));
  await many(() => rig.messenger.removeParticipant({ user: rig.ana }, group, named('ben')));
  const { messages } = await rig.messenger.history({ user: rig.ana }, group, { limit: 20 });
  expect(messages.map(({ message }) => message).reverse()).toEqual([
    'created the group',
    'added dan',
    'named the group “garden”',
    'removed ben',
  ]);
});

test('[CONV-2] whoever was removed sees the group as it was then, and no sign of how it goes on', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open(
    { user: rig.ana },
    { handles: [named('ben'), named('cleo')], title: 'garden' },
  );
  const group = conversation.uuid as ConversationUuid;
  await sendAll(rig, rig.messenger, rig.ana, group, ['one']);
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('ben'));
  await rig.messenger.changeConversation({ user: rig.ana }, group, { title: 'secret garden' });
  await rig.messenger.addParticipant({ user: rig.ana }, group, named('dan'));
  await sendAll(rig, rig.messenger, rig.cleo, group, ['two', 'three']);
  await rig.catchUp();
  const seen = await rig.messenger.conversation({ user: rig.ben }, group);
  expect([seen.title, seen.participants.map(({ handle }) => handle)]).toEqual(['garden', ['ana', 'cleo']]);
  expect(Math.max(...seen.participants.map(({ read_seq }) => read_seq))).toBeLessThanOrEqual(3);
  rig.events.length = 0;
  expect(await codeOf(rig.messenger.markRead({ user: rig.ben }, group, { seq: 4 }))).toBe('seq_out_of_range');
  expect(await codeOf(rig.messenger.markRead({ user: rig.ben }, group, { seq: 99 }))).toBe('seq_out_of_range');
  expect(await rig.messenger.markRead({ user: rig.ben }, group, { seq: 3 })).toMatchObject({ read_seq: 3, unread: 0 });
  expect(rig.events.map(({ type }) => type)).not.toContain('read.updated');
});

test('[CONV-2] [PAGE-1] no cursor tells whoever was removed how far the conversation goes on', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('ben'));
  const page = () => rig.messenger.history({ user: rig.ben }, group, { limit: 1, at: '2100-01-01' });
  const { cursor } = await page();
  expect(cursor).toBeDefined();
  await sendAll(rig, rig.messenger, rig.cleo, group, ['two', 'three']);
  expect((await page()).cursor).toBe(cursor);
});

test('[CONV-2] changes at once through several nodes all count', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  const nodes = Array.from({ length: 3 }, () => createNode(rig.table, rig.clock));
  await Promise.all([
    nodes[0]?.messenger.addParticipant({ user: rig.ana }, group, named('dan')),
    nodes[1]?.messenger.removeParticipant({ user: rig.cleo }, group, named('cleo')),
    nodes[2]?.messenger.changeConversation({ user: rig.ben }, group, { title: 'at once' }),
  ]);
  const now = await createNode(rig.table, rig.clock).messenger.conversation({ user: rig.ana }, group);
  expect([now.title, now.participants.map(({ handle }) => handle).sort()]).toEqual(['at once', ['ana', 'ben', 'dan']]);
});

test('[CONV-2] a change whose writer crashed before entry 0 followed is carried over by the fan-out', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  const crashing: Table = {
    ...rig.table,
    update: async (request, call) => {
      if (request.changes.set?.members_seq !== undefined)
        throw new TableError('unavailable', 'crashed', { outcome: 'none' });
      return rig.table.update(request, call);
    },
  };
  await codeOf(createNode(crashing, rig.clock).messenger.removeParticipant({ user: rig.ana }, group, named('cleo')));
  await rig.catchUp();
  const { members_seq } = (await rig.patterns.getConversation(group)) ?? {};
  expect(members_seq).toBe(2);
  expect(
    await codeOf(createNode(rig.table, rig.clock).messenger.send({ user: rig.cleo }, group, { message: 'x' })),
  ).toBe('forbidden');
});

test('[CONV-3] who is blocked cannot send to the one who blocked them; groups are unaffected', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  await rig.messenger.block({ user: rig.ben }, named('ana'));
  const list = await rig.messenger.blocks({ user: rig.ben }, { limit: 20 });
  expect([list.blocks.map(({ handle }) => handle), list.cursor]).toEqual([['ana'], undefined]);
  expect(await codeOf(rig.messenger.send({ user: rig.ana }, rig.direct, { message: 'x' }))).toBe('blocked');
  await sendAll(rig, rig.messenger, rig.ana, conversation.uuid as ConversationUuid, ['in the group']);
  await rig.messenger.unblock({ user: rig.ben }, named('ana'));
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['again']);
});

test('[CONV-3] who is blocked says nothing by an edit, a reaction or by typing either, and may still take back', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['hello']);
  await sendAll(rig, rig.messenger, rig.ben, rig.direct, ['what?']);
  await rig.messenger.block({ user: rig.ben }, named('ana'));
  rig.events.length = 0;
  const ana = { user: rig.ana };
  expect(await codeOf(rig.messenger.edit(ana, rig.direct, 1, 'an insult'))).toBe('blocked');
  expect(await codeOf(rig.messenger.react(ana, rig.direct, 2, '👎', true))).toBe('blocked');
  await rig.messenger.typing(ana, rig.direct);
  expect(rig.events).toEqual([]);
  await rig.messenger.react(ana, rig.direct, 2, '👎', false);
  expect(await rig.messenger.deleteMessage(ana, rig.direct, 1)).toMatchObject({ seq: 1 });
  await rig.messenger.react({ user: rig.ben }, rig.direct, 2, '👍', true);
});

test('[CONV-3] the blocked are listed page by page, each once, and the last page has no cursor', async () => {
  const rig = await createRig();
  for (const name of ['ben', 'cleo', 'dan']) await rig.messenger.block({ user: rig.ana }, named(name));
  const walk = async (limit: number): Promise<string[][]> => {
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await rig.messenger.blocks({ user: rig.ana }, cursor === undefined ? { limit } : { limit, cursor });
      pages.push(page.blocks.map(({ handle }) => handle));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return pages;
  };
  expect(await walk(3)).toEqual([['ben', 'cleo', 'dan']]);
  expect(await walk(2)).toEqual([['ben', 'cleo'], ['dan']]);
  expect(await walk(1)).toEqual([['ben'], ['cleo'], ['dan']]);
  const { cursor = '' } = await rig.messenger.inbox({ user: rig.ana }, { folder: 'inbox', limit: 1 });
  expect(await codeOf(rig.messenger.blocks({ user: rig.ana }, { limit: 1, cursor: cursor || 'x' }))).toBe(
    'invalid_cursor',
  );
});

test('[CONV-3] [LOG-4] what was sent before the block is answered as a replay after it', async () => {
  const rig = await createRig();
  const uuid = uuidV7(rig.clock.ms, randomBytes(10));
  const send = (message: string) => rig.messenger.send({ user: rig.ana }, rig.direct, { uuid, message });
  const first = await send('hello');
  await rig.messenger.block({ user: rig.ben }, named('ana'));
  expect(await send('hello')).toEqual({ ...first, replayed: true });
  expect(await codeOf(send('another text'))).toBe('uuid_reused');
  const fresh = { uuid: uuidV7(rig.clock.ms, randomBytes(10)), message: 'new' };
  expect(await codeOf(rig.messenger.send({ user: rig.ana }, rig.direct, fresh))).toBe('blocked');
  const { messages } = await rig.messenger.history({ user: rig.ben }, rig.direct, { limit: 20 });
  expect(messages.map(({ message }) => message)).toEqual(['hello']);
});

test('[CONV-4] edit and delete are the author’s alone; a deleted message stays as a tombstone at its seq', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['one', 'two']);
  const asBen = { user: rig.ben };
  const asAna = { user: rig.ana };
  expect(await codeOf(rig.messenger.edit(asBen, rig.direct, 1, 'x'))).toBe('not_author');
  expect(await codeOf(rig.messenger.deleteMessage(asBen, rig.direct, 1))).toBe('not_author');
  expect(await rig.messenger.edit(asAna, rig.direct, 1, 'one!')).toMatchObject({ message: 'one!', seq: 1 });
  const deleted = await rig.messenger.deleteMessage(asAna, rig.direct, 1);
  expect([deleted.message, deleted.seq, deleted.deleted_at]).toEqual([undefined, 1, expect.any(String)]);
  expect(await rig.messenger.deleteMessage(asAna, rig.direct, 1)).toEqual(deleted);
  expect(await codeOf(rig.messenger.edit(asAna, rig.direct, 1, 'back'))).toBe('message_deleted');
  expect(await codeOf(rig.messenger.edit(asAna, rig.direct, 9, 'x'))).toBe('not_found');
  const { messages } = await rig.messenger.history(asBen, rig.direct, { limit: 20 });
  expect(messages.map(({ seq, message }) => [seq, message])).toEqual([
    [2, 'two'],
    [1, undefined],
  ]);
});

test('[CONV-4] a reaction is one per user and emoji, whatever is repeated', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['one']);
  const react = (user: typeof rig.ana, emoji: string, on: boolean) =>
    rig.messenger.react({ user }, rig.direct, 1, emoji, on);
  await Promise.all([
    react(rig.ana, '👍', true),
    react(rig.ben, '👍', true),
    react(rig.ben, '👍', true),
    react(rig.ben, '❤️', true),
  ]);
  expect((await react(rig.ana, '👍', true)).reactions).toEqual({ '👍': [rig.ana, rig.ben], '❤️': [rig.ben] });
  await react(rig.ben, '👍', false);
  await react(rig.ben, '❤️', false);
  expect((await react(rig.ana, '👍', false)).reactions).toBeUndefined();
  for (const emoji of ['', 'x', '👍👍', 'thumbsup', '\u0000'])
    expect(await codeOf(react(rig.ana, emoji, true))).toBe('invalid_field');
});

test('[CONV-4] a reply names an entry that exists', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['one']);
  const reply = (reply_to: number) => rig.messenger.send({ user: rig.ben }, rig.direct, { message: 'yes', reply_to });
  expect((await reply(1)).message.reply_to).toBe(1);
  expect(await codeOf(reply(3))).toBe('seq_out_of_range');
});

test('[CONV-4] [PAGE-4] who joined later cannot reply to what was said before, as if it were not there', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  await sendAll(rig, rig.messenger, rig.ana, group, ['before']);
  await rig.messenger.addParticipant({ user: rig.ana }, group, named('dan'));
  const dan = (await rig.messenger.userByHandle({ user: rig.ana }, named('dan'))).uuid as UserUuid;
  const reply = (reply_to: number) => rig.messenger.send({ user: dan }, group, { message: 'yes', reply_to });
  expect(await codeOf(reply(2))).toBe('seq_out_of_range');
  expect((await reply(3)).message.reply_to).toBe(3);
});

test('the condition of entry 0 is what makes it one', async () => {
  const rig = await createRig();
  const item = await rig.patterns.getConversation(rig.direct);
  if (item === undefined) throw new Error('the conversation is there');
  await expect(rig.patterns.createConversation(item)).rejects.toSatisfy(isConditionFailed);
});
