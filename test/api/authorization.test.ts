/**
 * The matrix of authorization, generated from the OpenAPI document: every operation by everybody who may not (SEC-1, PAGE-4,
 * CONV-2 to CONV-4). A new operation without its line in `operations.ts` fails.
 */
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Documented, documented, type Operation, operations, type Scene, setScene } from './operations.ts';
import { type Asked, type Rig, startRig } from './rig.ts';

let rig: Rig;
let scene: Scene;
let ahead = 0;

beforeAll(async () => {
  rig = await startRig({ now: () => Date.now() + ahead });
  scene = await setScene(rig);
});

afterAll(() => rig.close());

const lineOf = (one: Documented): Operation => {
  const line = operations[one.operationId];
  if (line === undefined) throw new Error(`${one.operationId} has no line in operations.ts`);
  return line;
};

const each = (about: readonly Operation['about'][]): { one: Documented; line: Operation }[] =>
  documented(rig)
    .map((one) => ({ one, line: lineOf(one) }))
    .filter(({ line }) => about.includes(line.about));

const everything = ['self', 'conversation', 'group', 'own message'] as const;
const inConversations = ['conversation', 'group', 'own message'] as const;

const askAs = (token: string | undefined, conversation: string, { one, line }: { one: Documented; line: Operation }) =>
  rig.ask(one.method, line.url(conversation, 1), { ...(token !== undefined && { token }), ...line.ask?.() });

const rightClaims = () => ({
  token_use: 'access',
  sub: scene.ada.uuid,
  iss: 'urn:parley:embedded',
  aud: 'parley',
  iat: Math.floor(Date.now() / 1_000),
  exp: Math.floor(Date.now() / 1_000) + 3_600,
});

/** A token that is right but for the claims given; `undefined` leaves one out. */
const forge = async (claims: Record<string, unknown>): Promise<string> => {
  const { privateKey } = await rig.issuerKeys;
  return new SignJWT({ ...rightClaims(), ...claims }).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey);
};

const unsigned = (): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(rightClaims())}.`;
};

const symmetric = (): Promise<string> =>
  new SignJWT(rightClaims())
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('a secret that everybody knows, as long as it takes'));

const badTokens: readonly (readonly [string, () => Promise<string | undefined>])[] = [
  ['no token', async () => undefined],
  ['no JWT', async () => 'abc'],
  ['a changed signature', async () => `${scene.ada.token.slice(0, -6)}AAAAAA`],
  ['another audience', () => forge({ aud: 'elsewhere' })],
  ['another issuer', () => forge({ iss: 'https://evil.example' })],
  ['another use', () => forge({ token_use: 'id' })],
  ['no expiry', () => forge({ exp: undefined })],
  ['an expiry long ago', () => forge({ exp: 1_000_000_000 })],
  ['algorithm none', async () => unsigned()],
  ['a symmetric algorithm', symmetric],
  ['a subject who is nobody', () => forge({ sub: '00000000-0000-4000-8000-000000000000' })],
  ['a subject that is no uuid', () => forge({ sub: 'ada' })],
];

describe('[SEC-1] without a valid token nothing is served but what is public', () => {
  test('the forger forges well: unchanged, its token is served', async () => {
    const token = await forge({});
    expect((await rig.ask('GET', '/v1/me', { token })).status).toBe(200);
  });

  test.each(badTokens)('%s: 401 everywhere, at no cost', async (name, make) => {
    const token = await make();
    for (const row of each(everything)) {
      const before = rig.requests();
      const answer = await askAs(token, scene.direct, row);
      expect([row.one.operationId, answer.status, answer.body?.code]).toEqual([
        row.one.operationId,
        401,
        'unauthenticated',
      ]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      // Whether a user exists is asked once, and remembered for a moment.
      if (!name.includes('nobody')) expect(rig.requests() - before).toBe(0);
    }
  });

  test('an expired token: 401, though it was served a moment before', async () => {
    expect((await rig.ask('GET', '/v1/me', { token: scene.ada.token })).status).toBe(200);
    ahead = 13 * 3_600_000;
    try {
      for (const row of each(everything)) {
        const answer = await askAs(scene.ada.token, scene.direct, row);
        expect([row.one.operationId, answer.status]).toEqual([row.one.operationId, 401]);
      }
    } finally {
      ahead = 0;
    }
  });

  test('what is public asks for no token', async () => {
    for (const row of each(['public'])) {
      expect(row.one.isPublic).toBe(true);
      expect((await askAs(undefined, scene.direct, row)).status).toBe(200);
    }
    for (const row of each(everything)) expect(row.one.isPublic).toBe(false);
  });
});

describe('[PAGE-4] somebody else’s conversation', () => {
  test('every operation answers the same 404 as for one that does not exist', async () => {
    for (const row of each(inConversations)) {
      const shown = (answer: Asked) => [row.one.operationId, answer.status, answer.text];
      const foreign = await askAs(scene.dan.token, scene.group, row);
      const unknown = await askAs(scene.dan.token, '00000000-0000-4000-8000-000000000000', row);
      expect(shown(foreign)).toEqual(shown(unknown));
      expect([row.one.operationId, foreign.status]).toEqual([row.one.operationId, 404]);
    }
  });

  test('nothing was changed by all that', async () => {
    const history = await rig.ask('GET', `/v1/conversations/${scene.group}/messages`, { token: scene.ada.token });
    const texts = history.body.messages.map((one: { message?: string }) => one.message);
    expect(texts).toEqual(expect.arrayContaining(['without Cat', 'welcome']));
    expect(texts).not.toContain('hi');
  });
});

describe('[CONV-4] another’s message', () => {
  test('only the author edits and deletes', async () => {
    for (const row of each(['own message'])) {
      const answer = await askAs(scene.bob.token, scene.direct, row);
      expect([row.one.operationId, answer.status, answer.body.code]).toEqual([row.one.operationId, 403, 'not_author']);
    }
  });
});

describe('[CONV-2] somebody who was removed', () => {
  /** What looks at what was; all else is refused. */
  const looks = ['getConversation', 'listMessages', 'courseMessages', 'lensItems', 'markRead', 'changeConversation'];

  test('sees nothing newer than the removal, and does nothing there any more', async () => {
    for (const row of each(inConversations)) {
      const answer = await askAs(scene.cat.token, scene.group, row);
      expect([row.one.operationId, answer.text.includes('without Cat')]).toEqual([row.one.operationId, false]);
      if (looks.includes(row.one.operationId)) {
        expect([row.one.operationId, answer.status < 500]).toEqual([row.one.operationId, true]);
      } else {
        expect([row.one.operationId, [403, 404].includes(answer.status)]).toEqual([row.one.operationId, true]);
      }
    }
  });
});

describe('[CONV-3] somebody who is blocked', () => {
  test('sends no message to who blocked them, by any way; what was said stays readable', async () => {
    const { dan, blocked } = scene;
    const to = { token: dan.token };
    const refused = [
      await rig.ask('POST', `/v1/conversations/${blocked}/messages`, { ...to, body: { message: 'please' } }),
      await rig.ask('POST', '/api/messages', { ...to, body: { message: 'please', message_group_uuid: blocked } }),
      await rig.ask('POST', '/api/messages', { ...to, body: { message: 'please', handle: 'bob' } }),
    ];
    expect(refused.map((answer) => [answer.status, answer.body.code])).toEqual(refused.map(() => [403, 'blocked']));
    const history = await rig.ask('GET', `/v1/conversations/${blocked}/messages`, to);
    expect(history.body.messages.map((one: { message: string }) => one.message)).toEqual(['hello']);
  });

  test('no operation of theirs there fails otherwise than by a refusal', async () => {
    for (const row of each(inConversations)) {
      const answer = await askAs(scene.dan.token, scene.blocked, row);
      expect([row.one.operationId, answer.status < 500]).toEqual([row.one.operationId, true]);
    }
  });
});
