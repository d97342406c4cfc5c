/** USER-4: all that a user has, decrypted, in one stream that can be broken off and taken up again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConversationUuid } from '#domain/ids';
import { named, onLmdb, onMemory, type Person, type Rig, startRig } from './rig.ts';

type Line = { kind: string; cursor?: string } & Record<string, unknown>;

const collect = async (lines: AsyncIterable<string>): Promise<Line[]> => {
  const all: Line[] = [];
  for await (const line of lines) {
    expect(line).not.toContain('\n');
    all.push(JSON.parse(line));
  }
  return all;
};

const kinds = (lines: readonly Line[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { kind } of lines) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

const messagesIn = (lines: readonly Line[], conversation: string) =>
  lines
    .map((line) => line.message as { message_group_uuid: string; seq: number; message?: string; unreadable?: string })
    .filter((message) => message?.message_group_uuid === conversation);

describe.each([
  { engine: 'memory', open: onMemory },
  { engine: 'LMDB', open: onLmdb },
])('on $engine', ({ open }) => {
  let rig: Rig;
  let ada: Person;
  let bob: Person;
  let direct: ConversationUuid;
  let group: ConversationUuid;
  let long: ConversationUuid;
  beforeAll(async () => {
    rig = await startRig(open);
    ada = await rig.person('ada', 'Ada Lovelace');
    bob = await rig.person('bob');
    const cyd = await rig.person('cyd');
    await rig.person('dot');
    const { messenger } = rig.node;
    direct = await rig.open(ada, ['bob']);
    group = await rig.open(bob, ['ada', 'cyd'], 'engines');
    long = await rig.open(ada, ['cyd']);
    await rig.say(ada, direct, 'from me to Bob');
    await rig.say(bob, direct, 'from Bob to me');
    await rig.say(bob, direct, 'and what he took back');
    await messenger.deleteMessage({ user: bob.user }, direct, 3);
    await rig.say(bob, group, 'while I was there');
    await messenger.removeParticipant({ user: bob.user }, group, ada.handle);
    await rig.say(cyd, group, 'once I was gone');
    for (let n = 1; n <= 230; n += 1) await rig.say(n % 2 === 0 ? ada : cyd, long, `number ${n}`);
    await messenger.block({ user: ada.user }, named('dot'));
    await messenger.changeConversation({ user: ada.user }, direct, { muted: true });
    await rig.settle();
    await messenger.markRead({ user: ada.user }, direct, { seq: 2, unread: true });
  });
  afterAll(() => rig.close());

  test('[USER-4] a manifest, all that is theirs and all they may read, decrypted, and the counts of it', async () => {
    const lines = await collect(rig.node.messenger.exportMe({ user: ada.user }));
    expect(lines[0]).toMatchObject({ kind: 'manifest', format: 'parley-export', version: 1, user: ada.user });
    expect(lines[1]).toMatchObject({
      kind: 'profile',
      profile: { uuid: ada.user, handle: 'ada', display_name: 'Ada Lovelace', status: 'active' },
    });
    expect(lines[2]).toMatchObject({ kind: 'block', block: { handle: 'dot', created_at: expect.any(String) } });
    const counts = { profile: 1, block: 1, conversation: 3, message: 3 + 1 + 230, system: 2, unreadable: 0 };
    const { unreadable: _, ...lineCounts } = counts;
    expect(kinds(lines)).toEqual({ manifest: 1, end: 1, ...lineCounts });
    expect(lines.at(-1)).toEqual({ kind: 'end', counts });
    expect(messagesIn(lines, direct).map(({ message }) => message)).toEqual([
      'from me to Bob',
      'from Bob to me',
      undefined,
    ]);
    expect(messagesIn(lines, long).map(({ message }) => message)).toEqual(
      Array.from({ length: 230 }, (_, at) => `number ${at + 1}`),
    );
    const about = lines.find((line) => (line.conversation as { uuid?: string })?.uuid === direct);
    expect(about?.conversation).toMatchObject({ other_user_handle: 'bob', read_seq: 2, muted: true });
  });

  test('[USER-4] [CONV-2] of a group that they left, it holds what they may read and nothing newer', async () => {
    const lines = await collect(rig.node.messenger.exportMe({ user: ada.user }));
    const texts = messagesIn(lines, group).map(({ message }) => message);
    expect(texts).toContain('while I was there');
    expect(texts).not.toContain('once I was gone');
  });

  test('[USER-4] the same table gives the same lines, in the same order', async () => {
    const once = await collect(rig.node.messenger.exportMe({ user: ada.user }));
    const again = await collect(rig.startNode().messenger.exportMe({ user: ada.user }));
    expect(again.slice(1)).toEqual(once.slice(1));
  });

  test('[USER-4] broken off after any line, it goes on after that line, and its end counts the whole', async () => {
    const whole = await collect(rig.node.messenger.exportMe({ user: ada.user }));
    for (const [at, { cursor }] of whole.entries()) {
      if (cursor === undefined || (at > 12 && at % 37 !== 0)) continue;
      const rest = await collect(rig.node.messenger.exportMe({ user: ada.user }, cursor));
      expect(rest).toEqual(whole.slice(at + 1));
    }
  });

  test('[USER-4] read slowly, it asks the table for no more than the reader has taken: one page at a time', async () => {
    const node = rig.startNode();
    const lines = node.messenger.exportMe({ user: ada.user })[Symbol.asyncIterator]();
    const entriesRead = () =>
      node.uses.reduce((sum, use) => sum + (use.pattern === 'readEntriesAfter' ? use.items : 0), 0);
    let messages = 0;
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      const { kind } = JSON.parse(line.value);
      if (kind === 'message' || kind === 'system') messages += 1;
      expect(entriesRead()).toBeLessThanOrEqual(messages + 100);
    }
    expect(messages).toBeGreaterThan(200);
  });

  test('[USER-4] [SEC-3] a text that does not open is there as unreadable, with its reason, and counted', async () => {
    const node = rig.startNode();
    const { patterns } = node;
    const entry = await patterns.getEntry(direct, 2);
    const always = { attribute: 'pk', is: 'present' } as const;
    // The first character of its tag.
    const changed =
      entry?.message?.replace(/\.([^.])([^.]*)$/, (_, c, rest) => `.${c === 'A' ? 'B' : 'A'}${rest}`) ?? '';
    await patterns.reviseEntry(direct, 2, { set: { message: changed } }, always);
    const lines = await collect(node.messenger.exportMe({ user: ada.user }));
    expect(messagesIn(lines, direct)[1]).toMatchObject({ seq: 2, unreadable: 'tampered' });
    expect(lines.at(-1)).toMatchObject({ counts: { unreadable: 1 } });
    await patterns.reviseEntry(direct, 2, { set: { message: entry?.message ?? '' } }, always);
  });

  test('[USER-4] a cursor of something else is refused before the table is asked', async () => {
    const node = rig.startNode();
    const history = await node.messenger.history({ user: ada.user }, long, { limit: 5 });
    const asked = node.uses.length;
    const text = 'x|conversations|nonsense|1|0|0|0|0|0|0';
    for (const cursor of ['', 'nonsense', history.cursor ?? '', Buffer.from(text).toString('base64url')]) {
      const lines = node.messenger.exportMe({ user: ada.user }, cursor);
      await expect(collect(lines)).rejects.toMatchObject({ code: 'invalid_cursor' });
    }
    expect(node.uses.length).toBe(asked);
  });

  test('[USER-3] [USER-4] an export ends when its user is disabled; operators export them still', async () => {
    const node = rig.startNode();
    const lines = node.messenger.exportMe({ user: ada.user })[Symbol.asyncIterator]();
    await lines.next();
    await node.lifecycle.setStatus(ada.user, 'disabled');
    const rest = { [Symbol.asyncIterator]: () => lines };
    await expect(collect(rest)).rejects.toMatchObject({ code: 'unauthenticated' });
    const all = await collect(node.lifecycle.exportOf({ user: ada.user }));
    expect(all.at(-1)).toMatchObject({ kind: 'end', counts: { conversation: 3 } });
    expect(all[1]).toMatchObject({ profile: { status: 'disabled' } });
    await node.lifecycle.setStatus(ada.user, 'active');
  });
});
