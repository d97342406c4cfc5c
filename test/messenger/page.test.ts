import { expect, test } from 'vitest';
import type { ConversationUuid } from '#domain/ids';
import { seqMax } from '#domain/limits';
import { codeOf, createNode, createRig, named, numbers, sendAll, user } from '../support/messenger-rig.ts';

test('[PAGE-1] newest first, 20 by default of what is asked, with a cursor while there is more', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(45));
  const first = await rig.messenger.history({ user: rig.ben }, rig.direct, { limit: 20 });
  expect(first.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => 45 - index));
  const second = await rig.messenger.history({ user: rig.ben }, rig.direct, { limit: 20, cursor: first.cursor ?? '' });
  const third = await rig.messenger.history({ user: rig.ben }, rig.direct, { limit: 20, cursor: second.cursor ?? '' });
  expect(third.messages.map(({ seq }) => seq)).toEqual([5, 4, 3, 2, 1]);
  expect(third.cursor).toBeUndefined();
});

test('[PAGE-1] after_seq reads upwards, before_seq downwards, and only one of them may be given', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(10));
  const page = async (where: object) =>
    (await rig.messenger.history({ user: rig.ana }, rig.direct, { limit: 3, ...where })).messages.map(({ seq }) => seq);
  expect(await page({ after_seq: 4 })).toEqual([5, 6, 7]);
  expect(await page({ after_seq: 10 })).toEqual([]);
  expect(await page({ before_seq: 4 })).toEqual([3, 2, 1]);
  expect(await codeOf(page({ after_seq: 4, before_seq: 8 }))).toBe('invalid_field');
});

test('[PAGE-1] before_seq beyond all that a log can hold is the newest page', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(5));
  for (const before_seq of [6, seqMax, seqMax + 1]) {
    const { messages } = await rig.messenger.history({ user: rig.ben }, rig.direct, { limit: 3, before_seq });
    expect([before_seq, messages.map(({ seq }) => seq)]).toEqual([before_seq, [5, 4, 3]]);
  }
});

test('[PAGE-1] [PAGE-2] upwards too a cursor leads on while there is more, and is absent when there is none', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(9));
  const walk = async (limit: number): Promise<number[][]> => {
    const pages: number[][] = [];
    let where: object = { after_seq: 0 };
    for (;;) {
      const page = await rig.messenger.history({ user: rig.ana }, rig.direct, { limit, ...where });
      pages.push(page.messages.map(({ seq }) => seq));
      if (page.cursor === undefined) return pages;
      where = { cursor: page.cursor };
    }
  };
  expect(await walk(4)).toEqual([[1, 2, 3, 4], [5, 6, 7, 8], [9]]);
  expect(await walk(3)).toEqual([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ]);
  expect(await walk(100)).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9]]);
});

test('[PAGE-1] a jump to a date finds the newest message not after it, in at most 2·log2(n) reads', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(200));
  const begin = rig.clock.ms - 199_000;
  for (const seq of [1, 2, 77, 199, 200]) {
    rig.uses.length = 0;
    const at = new Date(begin + (seq - 1) * 1_000 + 500).toISOString();
    const { messages } = await rig.messenger.history({ user: rig.ana }, rig.direct, { limit: 1, at });
    expect(messages.map((message) => message.seq)).toEqual([seq]);
    expect(rig.uses.filter(({ pattern }) => pattern === 'getEntry').length).toBeLessThanOrEqual(2 * Math.log2(200));
  }
  const before = await rig.messenger.history({ user: rig.ana }, rig.direct, { limit: 1, at: '2020-01-01' });
  expect(before.messages).toEqual([]);
  expect(await codeOf(rig.messenger.history({ user: rig.ana }, rig.direct, { limit: 1, at: 'yesterday' }))).toBe(
    'invalid_field',
  );
});

test('[PAGE-2] a walk gives every message once while others write', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(50));
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await rig.messenger.history(
      { user: rig.ben },
      rig.direct,
      cursor === undefined ? { limit: 7 } : { limit: 7, cursor },
    );
    seen.push(...page.messages.map(({ seq }) => seq));
    await sendAll(rig, rig.messenger, rig.ana, rig.direct, ['meanwhile']);
    cursor = page.cursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => 50 - index));
});

test('[PAGE-3] a page is one query, however long the conversation is', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(400));
  await rig.messenger.history({ user: rig.ben }, rig.direct, { limit: 1 });
  rig.uses.length = 0;
  await rig.messenger.history({ user: rig.ben }, rig.direct, { limit: 20 });
  expect(rig.uses.map(({ pattern }) => pattern)).toEqual(['listMessages']);
});

test('[PAGE-4] a stranger gets the same answer for a conversation that exists and one that does not', async () => {
  const rig = await createRig();
  const nowhere = '00000000-0000-4000-8000-000000000000' as ConversationUuid;
  for (const conversation of [rig.direct, nowhere]) {
    const call = { user: rig.cleo };
    const answers = await Promise.all([
      codeOf(rig.messenger.history(call, conversation, { limit: 20 })),
      codeOf(rig.messenger.send(call, conversation, { message: 'x' })),
      codeOf(rig.messenger.conversation(call, conversation)),
      codeOf(rig.messenger.edit(call, conversation, 1, 'x')),
      codeOf(rig.messenger.deleteMessage(call, conversation, 1)),
      codeOf(rig.messenger.react(call, conversation, 1, '👍', true)),
      codeOf(rig.messenger.markRead(call, conversation, { seq: 1 })),
      codeOf(rig.messenger.typing(call, conversation)),
      codeOf(rig.messenger.changeConversation(call, conversation, { muted: true })),
      codeOf(rig.messenger.addParticipant(call, conversation, named('cleo'))),
      codeOf(rig.messenger.removeParticipant(call, conversation, named('ana'))),
    ]);
    expect(new Set(answers)).toEqual(new Set(['not_found']));
  }
});

test('[PAGE-1] a cursor from elsewhere is refused before any table is asked', async () => {
  const rig = await createRig();
  rig.uses.length = 0;
  for (const cursor of [
    '',
    'x',
    'aHwx!',
    Buffer.from('h|0').toString('base64url'),
    Buffer.from('i|inbox|x|y').toString('base64url'),
  ]) {
    expect(await codeOf(rig.messenger.history({ user: rig.ana }, rig.direct, { limit: 20, cursor }))).toBe(
      'invalid_cursor',
    );
    expect(await codeOf(rig.messenger.inbox({ user: rig.ana }, { folder: 'inbox', limit: 20, cursor }))).toBe(
      'invalid_cursor',
    );
  }
  expect(rig.uses).toEqual([]);
});

test('[CONV-2] [PAGE-4] who was removed reads nothing newer, also on a node that has not heard of it', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open(
    { user: rig.ana },
    { handles: [named('ben'), named('cleo')], title: 'three' },
  );
  const group = conversation.uuid as ConversationUuid;
  await sendAll(rig, rig.messenger, rig.ana, group, ['before']);
  const elsewhere = createNode(rig.table, rig.clock);
  await elsewhere.messenger.history({ user: rig.cleo }, group, { limit: 20 });
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('cleo'));
  await sendAll(rig, rig.messenger, rig.ana, group, ['after']);
  for (const node of [rig, elsewhere]) {
    const { messages } = await node.messenger.history({ user: rig.cleo }, group, { limit: 20 });
    expect(messages.map(({ message }) => message)).toEqual(['removed cleo', 'before', 'created the group “three”']);
    expect(await codeOf(node.messenger.send({ user: rig.cleo }, group, { message: 'still here' }))).toBe('forbidden');
    const after = await node.messenger.history({ user: rig.cleo }, group, { limit: 20, after_seq: 3 });
    expect(after.messages).toEqual([]);
  }
});

test('[CONV-2] a walk upwards passes over a time out of the group', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  const by = { user: rig.ana };
  await sendAll(rig, rig.messenger, rig.ana, group, ['with her']);
  await rig.messenger.removeParticipant(by, group, named('cleo'));
  await sendAll(rig, rig.messenger, rig.ana, group, ['without her']);
  await rig.messenger.addParticipant(by, group, named('cleo'));
  await sendAll(rig, rig.messenger, rig.ana, group, ['with her again']);
  const call = { user: rig.cleo };
  const first = await rig.messenger.history(call, group, { limit: 20, after_seq: 0 });
  const second = await rig.messenger.history(call, group, { limit: 20, cursor: first.cursor ?? '' });
  expect([first, second].map((page) => page.messages.map(({ seq }) => seq))).toEqual([
    [1, 2, 3],
    [5, 6],
  ]);
  expect(second.cursor).toBeUndefined();
});

test('[CONV-2] who joins reads from joining on, and who comes back keeps what they had', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('ben'), named('cleo')] });
  const group = conversation.uuid as ConversationUuid;
  const say = (text: string) => sendAll(rig, rig.messenger, rig.ana, group, [text]);
  const read = async (who: typeof rig.ana) => {
    const texts: (string | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const page = await rig.messenger.history(
        { user: who },
        group,
        cursor === undefined ? { limit: 2 } : { limit: 2, cursor },
      );
      texts.push(...page.messages.map(({ message }) => message));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return texts.reverse();
  };
  await say('one');
  await rig.messenger.addParticipant({ user: rig.ben }, group, named('dan'));
  await say('two');
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('cleo'));
  await say('three');
  await rig.messenger.addParticipant({ user: rig.ana }, group, named('cleo'));
  await say('four');
  expect(await read(rig.dan)).toEqual(['added dan', 'two', 'removed cleo', 'three', 'added cleo', 'four']);
  expect(await read(rig.cleo)).toEqual([
    'created the group',
    'one',
    'added dan',
    'two',
    'removed cleo',
    'added cleo',
    'four',
  ]);
  expect(await codeOf(rig.messenger.history({ user: user(9) }, group, { limit: 1 }))).toBe('not_found');
});
