/** Conversations and messages over HTTP: what a client can rely on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uuidV7 } from '#domain/uuid';
import { type Person, type Rig, startRig } from './rig.ts';

let rig: Rig;
let ada: Person;
let bob: Person;
let eve: Person;
let direct: string;

beforeAll(async () => {
  rig = await startRig();
  ada = await rig.signIn('ada', 'Ada');
  bob = await rig.signIn('bob', 'Bob');
  eve = await rig.signIn('eve', 'Eve');
  direct = await rig.open(ada, ['bob']);
});

afterAll(async () => {
  await rig.close();
  expect(rig.faults).toEqual([]);
});

const mint = () =>
  uuidV7(
    Date.now(),
    new Uint8Array(10).map(() => Math.floor(Math.random() * 256)),
  );

describe('direct conversations', () => {
  test('[CONV-1] the pair has one conversation: made once (201), found after (200), from either side', async () => {
    const cat = await rig.signIn('cat');
    const first = await rig.ask('POST', '/v1/conversations', { token: cat.token, body: { handles: ['ada'] } });
    expect(first.status).toBe(201);
    const again = await rig.ask('POST', '/v1/conversations', { token: ada.token, body: { handles: ['CAT'] } });
    expect(again.status).toBe(200);
    expect(again.body.uuid).toBe(first.body.uuid);
    expect(again.body.participants.map((one: { handle: string }) => one.handle).sort()).toEqual(['ada', 'cat']);
  });

  test('[LOG-4] the same uuid again: 200, Idempotent-Replayed, the message first written', async () => {
    const url = `/v1/conversations/${direct}/messages`;
    const body = { uuid: mint(), message: 'once' };
    const first = await rig.ask('POST', url, { token: ada.token, body });
    expect(first.status).toBe(201);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const again = await rig.ask('POST', url, { token: ada.token, body });
    expect(again.status).toBe(200);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    const other = await rig.ask('POST', url, { token: ada.token, body: { ...body, message: 'twice' } });
    expect([other.status, other.body.code]).toEqual([409, 'uuid_reused']);
  });

  test('[LOG-5] a uuid ahead of the clock, or of yesterday, is refused with its code', async () => {
    const url = `/v1/conversations/${direct}/messages`;
    const at = (ms: number) => uuidV7(Date.now() + ms, new Uint8Array(10));
    const ahead = await rig.ask('POST', url, { token: ada.token, body: { uuid: at(600_000), message: 'x' } });
    expect([ahead.status, ahead.body.code]).toEqual([422, 'clock_ahead']);
    expect(Date.parse(String(ahead.body.server_time))).toBeGreaterThan(0);
    const old = await rig.ask('POST', url, { token: ada.token, body: { uuid: at(-90_000_000), message: 'x' } });
    expect([old.status, old.body.code]).toEqual([422, 'uuid_expired']);
  });

  test('[PAGE-1] [PAGE-2] pages go newest first by cursor, every message once; after_seq goes oldest first', async () => {
    const talk = await rig.open(bob, ['eve']);
    for (let n = 1; n <= 25; n += 1) await rig.send(bob, talk, `number ${n}`);
    const seen: number[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await rig.ask('GET', `/v1/conversations/${talk}/messages?limit=10${from}`, { token: eve.token });
      expect(page.status).toBe(200);
      seen.push(...page.body.messages.map((one: { seq: number }) => one.seq));
      cursor = page.body.cursor;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => 25 - n));
    const after = await rig.ask('GET', `/v1/conversations/${talk}/messages?after_seq=22`, { token: eve.token });
    expect(after.body.messages.map((one: { message: string }) => one.message)).toEqual([
      'number 23',
      'number 24',
      'number 25',
    ]);
  });

  test('[PAGE-4] somebody else, nobody at all, and no uuid at all: one and the same 404', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000';
    const answers = await Promise.all(
      [direct, unknown, 'no-uuid'].map((uuid) =>
        rig.ask('GET', `/v1/conversations/${uuid}/messages`, { token: eve.token }),
      ),
    );
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1);
    expect([answers[0]?.status, answers[0]?.body.code]).toEqual([404, 'not_found']);
  });

  test('[INBOX-1] [INBOX-2] the inbox shows the other, the last message and what is unread, and a mark clears it', async () => {
    const talk = await rig.open(ada, ['eve']);
    await rig.send(ada, talk, 'one');
    await rig.send(ada, talk, 'two');
    const inbox = () => rig.ask('GET', '/v1/conversations?limit=50', { token: eve.token });
    const rowOf = (answer: { body: { conversations: { uuid: string; unread: number }[] } }) =>
      answer.body.conversations.find((row) => row.uuid === talk);
    const shown = await rig.until(inbox, (answer) => rowOf(answer)?.unread === 2);
    expect(rowOf(shown)).toMatchObject({
      kind: 'direct',
      other_user_handle: 'ada',
      other_user_display_name: 'Ada',
      last_message: 'two',
      last_seq: 2,
      unread: 2,
      muted: false,
      archived: false,
    });
    const read = await rig.ask('PUT', `/v1/conversations/${talk}/read`, { token: eve.token, body: { seq: 2 } });
    expect([read.status, read.body.unread]).toEqual([200, 0]);
    const back = await rig.ask('PUT', `/v1/conversations/${talk}/read`, {
      token: eve.token,
      body: { seq: 1, unread: true },
    });
    expect(back.body.unread).toBe(1);
  });
});

describe('messages', () => {
  test('[CONV-4] the author edits and deletes; others may not; a deleted message has no text', async () => {
    const { body: sent } = await rig.send(ada, direct, 'wrogn');
    const url = `/v1/conversations/${direct}/messages/${sent.seq}`;
    const foreign = await rig.ask('PATCH', url, { token: bob.token, body: { message: 'mine' } });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'not_author']);
    const edited = await rig.ask('PATCH', url, { token: ada.token, body: { message: 'wrong' } });
    expect(edited.body).toMatchObject({ message: 'wrong', seq: sent.seq });
    expect(edited.body.edited_at).toBeDefined();
    const gone = await rig.ask('DELETE', url, { token: ada.token });
    expect(gone.body.deleted_at).toBeDefined();
    expect(gone.body.message).toBeUndefined();
    const late = await rig.ask('PATCH', url, { token: ada.token, body: { message: 'again' } });
    expect([late.status, late.body.code]).toEqual([422, 'message_deleted']);
  });

  test('[CONV-4] a reaction is one per emoji and user, and is taken back', async () => {
    const { body: sent } = await rig.send(ada, direct, 'funny');
    const url = `/v1/conversations/${direct}/messages/${sent.seq}/reactions/${encodeURIComponent('👩‍👩‍👧‍👦')}`;
    const on = await rig.ask('PUT', url, { token: bob.token });
    expect(on.body.reactions).toEqual({ '👩‍👩‍👧‍👦': [bob.uuid] });
    expect((await rig.ask('PUT', url, { token: bob.token })).body.reactions).toEqual(on.body.reactions);
    const off = await rig.ask('DELETE', url, { token: bob.token });
    expect(off.status).toBe(200);
    expect(off.body.reactions ?? {}).toEqual({});
  });

  test('a reply names the message it answers', async () => {
    const { body: first } = await rig.send(ada, direct, 'question');
    const url = `/v1/conversations/${direct}/messages`;
    const reply = await rig.ask('POST', url, { token: bob.token, body: { message: 'yes', reply_to: first.seq } });
    expect([reply.status, reply.body.reply_to]).toEqual([201, first.seq]);
  });

  test('typing is told and has no body', async () => {
    const typed = await rig.ask('POST', `/v1/conversations/${direct}/typing`, { token: ada.token });
    expect([typed.status, typed.text]).toEqual([202, '']);
  });
});

describe('groups and blocks', () => {
  test('[CONV-2] a group is made, renamed, joined and left, and the log says so', async () => {
    const dan = await rig.signIn('dan', 'Dan');
    const group = await rig.open(ada, ['bob', 'eve'], 'Choir');
    const url = `/v1/conversations/${group}`;
    expect((await rig.ask('GET', url, { token: dan.token })).status).toBe(404);
    const added = await rig.ask('PUT', `${url}/participants/dan`, { token: ada.token });
    expect(added.body.participants).toHaveLength(4);
    const renamed = await rig.ask('PATCH', url, { token: dan.token, body: { title: 'Quartet' } });
    expect([renamed.status, renamed.body.title]).toEqual([200, 'Quartet']);
    const left = await rig.ask('DELETE', `${url}/participants/dan`, { token: dan.token });
    expect(left.status).toBe(200);
    const history = await rig.ask('GET', `${url}/messages`, { token: ada.token });
    expect(history.body.messages.every((one: { kind: string }) => one.kind === 'system')).toBe(true);
    const late = await rig.send(dan, group, 'still here?');
    expect(late.status).toBeGreaterThanOrEqual(403);
  });

  test('[CONV-3] muted and archived are of one row; a blocked user sends in vain', async () => {
    const fay = await rig.signIn('fay');
    const talk = await rig.open(fay, ['ada']);
    await rig.send(fay, talk, 'hello');
    const set = () =>
      rig.ask('PATCH', `/v1/conversations/${talk}`, { token: ada.token, body: { muted: true, archived: true } });
    const row = await rig.until(set, (answer) => answer.status === 200);
    expect(row.body).toMatchObject({ muted: true, archived: true });
    const archive = () => rig.ask('GET', '/v1/conversations?folder=archive', { token: ada.token });
    const listed = await rig.until(archive, (answer) => answer.body.conversations.length > 0);
    expect(listed.body.conversations[0].uuid).toBe(talk);

    const blocked = await rig.ask('PUT', '/v1/blocks/fay', { token: ada.token });
    expect([blocked.status, blocked.text]).toEqual([204, '']);
    const list = await rig.ask('GET', '/v1/blocks', { token: ada.token });
    expect(list.body.blocks).toEqual([{ uuid: fay.uuid, handle: 'fay', display_name: 'fay' }]);
    const refused = await rig.until(
      () => rig.send(fay, talk, 'please'),
      (answer) => answer.status === 403,
    );
    expect([refused.status, refused.body.code]).toEqual([403, 'blocked']);
    expect((await rig.ask('DELETE', '/v1/blocks/fay', { token: ada.token })).status).toBe(204);
  });
});
