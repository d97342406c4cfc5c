import { expect, test } from 'vitest';
import type { ConversationUuid, UserUuid } from '#domain/ids';
import type { ChangeRecord } from '#table/port';
import { codeOf, createRig, named, numbers, type Rig, sendAll } from '../support/messenger-rig.ts';

const rowOf = async (rig: Rig, who: UserUuid, folder: 'inbox' | 'archive' = 'inbox') =>
  (await rig.messenger.inbox({ user: who }, { folder, limit: 20 })).conversations[0];

const recordsOf = async (rig: Rig): Promise<readonly ChangeRecord[]> =>
  (await rig.table.feed.read('embedded', 'oldest', 1_000)).records;

test('[INBOX-1] one query of the index, newest first, with all that a list shows', async () => {
  const rig = await createRig();
  const other = await rig.messenger.open({ user: rig.cleo }, { handles: [named('ana')] });
  await sendAll(rig, rig.messenger, rig.ben, rig.direct, ['to ana']);
  await sendAll(rig, rig.messenger, rig.cleo, other.conversation.uuid as ConversationUuid, ['also to ana']);
  await rig.catchUp();
  rig.uses.length = 0;
  const { conversations } = await rig.messenger.inbox({ user: rig.ana }, { folder: 'inbox', limit: 20 });
  expect(rig.uses.map(({ pattern }) => pattern)).toEqual(['listConversations']);
  expect(conversations.map((row) => [row.other_user_handle, row.last_message, row.unread, row.muted])).toEqual([
    ['cleo', 'also to ana', 1, false],
    ['ben', 'to ana', 1, false],
  ]);
});

test('[INBOX-1] pages by cursor give every conversation once, also those of the same moment', async () => {
  const rig = await createRig();
  for (let index = 0; index < 25; index += 1) {
    await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')], title: `group ${index}` });
  }
  await rig.catchUp();
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const wish = { folder: 'inbox', limit: 4 } as const;
    const page = await rig.messenger.inbox({ user: rig.ben }, cursor === undefined ? wish : { ...wish, cursor });
    seen.push(...page.conversations.map(({ uuid }) => uuid));
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen).toHaveLength(25);
  expect(new Set(seen).size).toBe(25);
});

test('a direct conversation is not in the inbox of the one who was not written to yet', async () => {
  const rig = await createRig();
  expect(await rowOf(rig, rig.ana)).toMatchObject({ other_user_handle: 'ben', unread: 0 });
  expect(await rowOf(rig, rig.ben)).toBeUndefined();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['hello']);
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ other_user_handle: 'ana', last_message: 'hello', unread: 1 });
});

test('[INBOX-2] unread is last_seq less read_seq, and my own messages are never unread', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(3));
  await rig.catchUp();
  expect(await rowOf(rig, rig.ana)).toMatchObject({ unread: 0, last_seq: 3, read_seq: 3 });
  expect(await rowOf(rig, rig.ben)).toMatchObject({ unread: 3, last_seq: 3, read_seq: 0 });
  await rig.messenger.markRead({ user: rig.ben }, rig.direct, { seq: 2 });
  expect(await rowOf(rig, rig.ben)).toMatchObject({ unread: 1 });
  await sendAll(rig, rig.messenger, rig.ben, rig.direct, ['an answer']);
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ unread: 0, read_seq: 4 });
});

test('[INBOX-3] [INBOX-5] the whole feed given again, and backwards, changes nothing', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(5));
  await sendAll(rig, rig.messenger, rig.ben, rig.direct, numbers(3));
  await rig.catchUp();
  await rig.messenger.markRead({ user: rig.ana }, rig.direct, { seq: 6 });
  await rig.messenger.markRead({ user: rig.ana }, rig.direct, { seq: 2, unread: true });
  const before = [await rowOf(rig, rig.ana), await rowOf(rig, rig.ben)];
  const records = await recordsOf(rig);
  await rig.fanout(records);
  for (const record of [...records].reverse()) await rig.fanout([record]);
  expect([await rowOf(rig, rig.ana), await rowOf(rig, rig.ben)]).toEqual(before);
});

test('[INBOX-4] [COST] a burst of k entries in one batch is one update per participant, 3 write units each', async () => {
  const rig = await createRig();
  await rig.messenger.send({ user: rig.ana }, rig.direct, { message: 'lists the row' });
  await rig.catchUp();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(40));
  rig.uses.length = 0;
  await rig.catchUp();
  expect(rig.uses.map(({ pattern, capacity }) => [pattern, capacity])).toEqual([
    ['updateMessageGroup', { read: 0, write: 3 }],
    ['updateMessageGroup', { read: 0, write: 3 }],
  ]);
});

test('[INBOX-6] an edit or deletion of the newest message shows in the rows, of an older one it does not', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['older', 'newest']);
  await rig.catchUp();
  await rig.messenger.edit({ user: rig.ana }, rig.direct, 1, 'older, edited');
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ last_message: 'newest' });
  await rig.messenger.edit({ user: rig.ana }, rig.direct, 2, 'newest, edited');
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ last_message: 'newest, edited', unread: 2 });
  await rig.messenger.deleteMessage({ user: rig.ana }, rig.direct, 2);
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ last_message: '', unread: 2 });
});

test('[INBOX-6] an older text that comes late does not overwrite a newer one', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['first']);
  await rig.messenger.edit({ user: rig.ana }, rig.direct, 1, 'second');
  await rig.messenger.edit({ user: rig.ana }, rig.direct, 1, 'third');
  const edits = (await recordsOf(rig)).filter(({ kind, after }) => kind === 'modify' && after?.type === 'message');
  await rig.catchUp();
  for (const record of [...edits].reverse()) await rig.fanout([record]);
  expect(await rowOf(rig, rig.ben)).toMatchObject({ last_message: 'third' });
});

test('[INBOX-6] a rename reaches the rows that show the name', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['hello']);
  await rig.catchUp();
  await rig.messenger.changeMe({ user: rig.ana }, { display_name: 'Ana the First', handle: named('ana_1') });
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({
    other_user_display_name: 'Ana the First',
    other_user_handle: 'ana_1',
  });
});

test('[INBOX-7] read marks only move forward; marking unread is an act of its own; beyond the log is refused', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(5));
  await rig.catchUp();
  const mark = (seq: number, unread?: boolean) =>
    rig.messenger.markRead({ user: rig.ben }, rig.direct, unread === undefined ? { seq } : { seq, unread });
  expect(await mark(4)).toMatchObject({ read_seq: 4, unread: 1 });
  expect(await mark(2)).toMatchObject({ read_seq: 4, unread: 1 });
  expect(await mark(2, true)).toMatchObject({ read_seq: 2, unread: 3 });
  expect(await codeOf(mark(6))).toBe('seq_out_of_range');
  expect(await codeOf(mark(6, true))).toBe('seq_out_of_range');
});

test('[INBOX-7] a mark for a message the row has not heard of yet is kept', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['hello']);
  expect(await rig.messenger.markRead({ user: rig.ben }, rig.direct, { seq: 1 })).toMatchObject({
    read_seq: 1,
    unread: 0,
  });
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ read_seq: 1, unread: 0, last_seq: 1 });
});

test('[CONV-3] an archived conversation comes back with a new message; a muted one stays muted', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['hello']);
  await rig.catchUp();
  await rig.messenger.changeConversation({ user: rig.ben }, rig.direct, { archived: true, muted: true });
  expect(await rowOf(rig, rig.ben)).toBeUndefined();
  expect(await rowOf(rig, rig.ben, 'archive')).toMatchObject({ archived: true, muted: true });
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['again']);
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ archived: false, muted: true, last_message: 'again' });
});

test('[CONV-3] what was in the log when it was archived does not bring it back, however late the row hears of it', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['one', 'two']);
  await sendAll(rig, rig.messenger, rig.ben, rig.direct, ['mine']);
  await rig.messenger.changeConversation({ user: rig.ben }, rig.direct, { archived: true });
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toBeUndefined();
  expect(await rowOf(rig, rig.ben, 'archive')).toMatchObject({ last_message: 'mine', last_seq: 3, unread: 0 });
  expect(await rowOf(rig, rig.ana)).toMatchObject({ last_seq: 3 });
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['new']);
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ archived: false, last_message: 'new', unread: 1 });
});

test('[CONV-3] taken out of the archive before the row heard of an older message, it stays out', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['one']);
  await rig.messenger.changeConversation({ user: rig.ben }, rig.direct, { archived: true });
  await rig.messenger.changeConversation({ user: rig.ben }, rig.direct, { archived: false });
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ archived: false, last_message: 'one' });
});

test('[INBOX-7] marked as unread, a message of my own that the row hears of later does not mark it as read', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['one', 'two']);
  await sendAll(rig, rig.messenger, rig.ben, rig.direct, ['mine']);
  await rig.messenger.markRead({ user: rig.ben }, rig.direct, { seq: 1, unread: true });
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ read_seq: 1, last_seq: 3, unread: 2 });
  await sendAll(rig, rig.messenger, rig.ben, rig.direct, ['mine again']);
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ read_seq: 4, last_seq: 4, unread: 0 });
});

test('[INBOX-2] [CONV-2] what was said while somebody was out of a group is not unread when they are back', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  await sendAll(rig, rig.messenger, rig.ana, group, numbers(3));
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('ben'));
  await sendAll(rig, rig.messenger, rig.cleo, group, numbers(10));
  await rig.catchUp();
  await rig.messenger.addParticipant({ user: rig.ana }, group, named('ben'));
  await sendAll(rig, rig.messenger, rig.cleo, group, ['welcome back']);
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ last_message: 'welcome back', last_seq: 17, unread: 2 });
});

test('[INBOX-2] [CONV-2] who wrote, left and came back has nothing to read up on, also when one batch holds all of it', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  await sendAll(rig, rig.messenger, rig.ben, group, ['me first']);
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('ben'));
  await sendAll(rig, rig.messenger, rig.cleo, group, numbers(8));
  await rig.messenger.addParticipant({ user: rig.ana }, group, named('ben'));
  await sendAll(rig, rig.messenger, rig.cleo, group, ['welcome back']);
  await rig.catchUp();
  expect(await rowOf(rig, rig.ben)).toMatchObject({ last_seq: 13, read_seq: 11, unread: 2 });
});

test('[INBOX-7] [CONV-2] who joined later marks as unread what came from their joining on, and nothing before it', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  await sendAll(rig, rig.messenger, rig.ana, group, numbers(5));
  await rig.messenger.addParticipant({ user: rig.ana }, group, named('dan'));
  await sendAll(rig, rig.messenger, rig.ana, group, ['welcome']);
  await rig.catchUp();
  const dan = (await rig.messenger.userByHandle({ user: rig.ana }, named('dan'))).uuid as UserUuid;
  const mark = { seq: 0, unread: true };
  expect(await rig.messenger.markRead({ user: dan }, group, mark)).toMatchObject({ read_seq: 6, unread: 2 });
  expect(await rig.messenger.markRead({ user: rig.ben }, group, mark)).toMatchObject({ read_seq: 0, unread: 8 });
});

test('[COST] marking read is 2 write units, and a page of the inbox of 20 is 1 read unit', async () => {
  const rig = await createRig();
  for (let index = 0; index < 20; index += 1) {
    await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  }
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['hello']);
  await rig.catchUp();
  rig.uses.length = 0;
  await rig.messenger.markRead({ user: rig.ben }, rig.direct, { seq: 1 });
  await rig.messenger.inbox({ user: rig.ben }, { folder: 'inbox', limit: 20 });
  expect(rig.uses.map(({ pattern, capacity }) => [pattern, capacity])).toEqual([
    ['changeInboxRow', { read: 0, write: 2 }],
    ['listConversations', { read: 1, write: 0 }],
  ]);
});
