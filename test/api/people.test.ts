/** Users over HTTP, and the routes of the course's own application. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Person, type Rig, startRig } from './rig.ts';

let rig: Rig;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  rig = await startRig();
  ada = await rig.signIn('ada', 'Ada Lovelace');
  bob = await rig.signIn('bob', 'Bob');
});

afterAll(() => rig.close());

describe('people', () => {
  test('[USER-1] [USER-2] a handle signs in the same user again, whatever its case', async () => {
    const again = await rig.ask('POST', '/v1/dev/sign-in', { body: { handle: 'ADA', display_name: 'Other' } });
    expect(again.body).toMatchObject({
      token_type: 'Bearer',
      user: { uuid: ada.uuid, handle: 'ada', display_name: 'Ada Lovelace' },
    });
    expect(again.body.expires_in).toBeGreaterThan(0);
  });

  test('[USER-1] two who sign in under a new handle at once are one user', async () => {
    const both = await Promise.all(
      [1, 2, 3].map(() => rig.ask('POST', '/v1/dev/sign-in', { body: { handle: 'twin' } })),
    );
    expect(both.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(new Set(both.map((answer) => answer.body.user.uuid)).size).toBe(1);
  });

  test('[USER-2] a rename takes a free handle and lets the old one go; a taken one is refused', async () => {
    const gil = await rig.signIn('gil');
    const taken = await rig.ask('PATCH', '/v1/me', { token: gil.token, body: { handle: 'ada' } });
    expect([taken.status, taken.body.code]).toEqual([409, 'handle_taken']);
    const renamed = await rig.ask('PATCH', '/v1/me', {
      token: gil.token,
      body: { handle: 'Gilbert', display_name: 'G' },
    });
    expect(renamed.body).toMatchObject({ uuid: gil.uuid, handle: 'gilbert', display_name: 'G' });
    expect((await rig.ask('GET', '/v1/me', { token: gil.token })).body).toEqual(renamed.body);
    expect((await rig.signIn('gil')).uuid).not.toBe(gil.uuid);
  });

  test('others are found by handle, with no more than is public', async () => {
    const found = await rig.ask('GET', '/v1/users/ada', { token: bob.token });
    expect(found.body).toEqual({ uuid: ada.uuid, handle: 'ada', display_name: 'Ada Lovelace' });
    expect((await rig.ask('GET', '/v1/users/nobody_here', { token: bob.token })).status).toBe(404);
  });

  test('[USER-4] an export is JSON Lines, and holds what one said in clear', async () => {
    const zoe = await rig.signIn('zoe');
    const talk = await rig.open(zoe, ['bob']);
    await rig.send(zoe, talk, 'to be taken along');
    const answer = await rig.ask('GET', '/v1/me/export', { token: zoe.token });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/x-ndjson/);
    const lines = answer.text.trimEnd().split('\n');
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    expect(answer.text).toContain('to be taken along');
  });

  test('[USER-5] who has themselves erased is not served from then on; the conversation stays for the other', async () => {
    const una = await rig.signIn('una');
    const talk = await rig.open(una, ['bob']);
    await rig.send(una, talk, 'before I go');
    const answer = await rig.ask('DELETE', '/v1/me', { token: una.token });
    expect([answer.status, answer.text]).toEqual([202, '']);
    const after = await rig.ask('GET', '/v1/me', { token: una.token });
    expect([after.status, after.body.code]).toEqual([401, 'unauthenticated']);
    const history = await rig.ask('GET', `/v1/conversations/${talk}/messages`, { token: bob.token });
    expect(history.body.messages).toHaveLength(1);
  });

  test('[SEC-1] the local sign-in answers only under the names of this machine', async () => {
    const rebound = await rig.ask('POST', '/v1/dev/sign-in', {
      body: { handle: 'ada' },
      headers: { host: 'evil.example' },
    });
    expect([rebound.status, rebound.body.code]).toEqual([403, 'forbidden']);
  });

  test('how to sign in is told without a token', async () => {
    const { status, body } = await rig.ask('GET', '/v1/config');
    expect(status).toBe(200);
    expect(body).toEqual({ sign_in: 'embedded', lens: true, people: [{ handle: 'ada', display_name: 'Ada' }] });
  });
});

describe("the course's routes", () => {
  const create = (token: string, body: unknown) => rig.ask('POST', '/api/messages', { token, body });

  test('a body that is no object, and one’s own handle, are answered in the course’s codes', async () => {
    const blank = ['user_reciever_handle_blank', 'message_blank'];
    for (const body of [null, [], 'hello', 7]) {
      const answer = await create(ada.token, body);
      expect([body, answer.status, answer.body]).toEqual([body, 422, blank]);
    }
    const own = await create(ada.token, { message: 'Hello me', handle: 'ada' });
    expect([own.status, own.body]).toEqual([422, ['user_reciever_handle_blank']]);
  });

  test('a message to a handle opens the conversation; one to the conversation is answered as it was written', async () => {
    const opened = await create(ada.token, { message: 'Hello Bob', handle: 'bob' });
    expect([opened.status, Object.keys(opened.body)]).toEqual([200, ['message_group_uuid']]);
    const group = opened.body.message_group_uuid;
    const sent = await create(bob.token, { message: 'Hello Ada', message_group_uuid: group });
    expect(sent.status).toBe(200);
    expect(sent.body).toEqual({
      uuid: expect.any(String),
      display_name: 'Bob',
      handle: 'bob',
      message: 'Hello Ada',
      created_at: expect.any(String),
    });
    const list = await rig.ask('GET', `/api/messages/${group}`, { token: ada.token });
    expect(list.body.map((one: { message: string }) => one.message)).toEqual(['Hello Bob', 'Hello Ada']);
    const groups = await rig.until(
      () => rig.ask('GET', '/api/message_groups', { token: ada.token }),
      (answer) => answer.body[0]?.message === 'Hello Ada',
    );
    expect(groups.body).toEqual([
      { uuid: group, display_name: 'Bob', handle: 'bob', message: 'Hello Ada', created_at: sent.body.created_at },
    ]);
  });

  test('the newest twenty, the oldest first', async () => {
    const { body } = await create(ada.token, { message: '0', handle: 'gilbert' });
    for (let n = 1; n <= 24; n += 1)
      await create(ada.token, { message: `${n}`, message_group_uuid: body.message_group_uuid });
    const list = await rig.ask('GET', `/api/messages/${body.message_group_uuid}`, { token: ada.token });
    expect(list.body.map((one: { message: string }) => Number(one.message))).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 5),
    );
  });

  test("errors are an array of the course's codes", async () => {
    const refused = async (body: unknown) => {
      const answer = await create(ada.token, body);
      return [answer.status, answer.body];
    };
    expect(await refused({ message: ' ', handle: 'bob' })).toEqual([422, ['message_blank']]);
    expect(await refused({ message: 'x'.repeat(1_025), handle: 'bob' })).toEqual([
      422,
      ['message_exceed_max_chars_1024'],
    ]);
    expect(await refused({ message: 'a', message_group_uuid: '' })).toEqual([422, ['message_group_uuid_blank']]);
    expect(await refused({ message: 'a' })).toEqual([422, ['user_reciever_handle_blank']]);
    expect(await refused({ message: '', handle: '' })).toEqual([422, ['user_reciever_handle_blank', 'message_blank']]);
    expect((await create(ada.token, { message: 'x'.repeat(1_024), handle: 'bob' })).status).toBe(200);
    // As the course's server reads it, null is no conversation.
    const toHandle = await create(ada.token, { message: 'a', message_group_uuid: null, handle: 'bob' });
    expect(Object.keys(toHandle.body)).toEqual(['message_group_uuid']);
  });

  test('a user by handle, in short', async () => {
    const found = await rig.ask('GET', '/api/users/@ada/short', { token: bob.token });
    expect(found.body).toEqual({ uuid: ada.uuid, handle: 'ada', display_name: 'Ada Lovelace' });
  });

  test("[PAGE-4] somebody else's conversation is not found here either", async () => {
    const { body } = await create(ada.token, { message: 'private', handle: 'bob' });
    const eve = await rig.signIn('eve');
    const answer = await rig.ask('GET', `/api/messages/${body.message_group_uuid}`, { token: eve.token });
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });
});
