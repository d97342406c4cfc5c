/** What validation can refuse costs no request to the table, gets its code, and leaves the process well (SEC-6, NET-1). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AskOptions, type Person, type Rig, startRig } from './rig.ts';

let rig: Rig;
let ada: Person;
let talk: string;
let messages: string;

beforeAll(async () => {
  rig = await startRig();
  ada = await rig.signIn('ada');
  await rig.signIn('bob');
  talk = await rig.open(ada, ['bob']);
  messages = `/v1/conversations/${talk}/messages`;
  // Whoever asks is known from here on: that a user is served is told from memory.
  await rig.ask('GET', '/v1/me', { token: ada.token });
});

afterAll(async () => {
  const before = rig.requests();
  const well = await rig.send(ada, talk, 'still here');
  expect(well.status).toBe(201);
  // The counter counts: what is not refused does cost requests.
  expect(rig.requests()).toBeGreaterThan(before);
  await rig.close();
});

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const long = (characters: number): string => 'x'.repeat(characters);

type Case = readonly [name: string, method: string, url: () => string, ask: AskOptions, status: number, code: string];

const post = (name: string, ask: AskOptions, status: number, code: string): Case => [
  name,
  'POST',
  () => messages,
  ask,
  status,
  code,
];

/** Of numbers that are written otherwise: as other programs write them, and as nobody does. */
const oddSpellings = ['03', '0x5', '1e1', '+3', ' 3', '3 ', '3.0', '-0', '٣', '3\n', 'true'];

const cases: readonly Case[] = [
  post('an unknown field', { body: { message: 'a', colour: 'red' } }, 422, 'invalid_field'),
  post('a prototype name', { raw: '{"message":"a","__proto__":{"x":1}}' }, 422, 'invalid_field'),
  post('a constructor', { raw: '{"message":"a","constructor":{"prototype":{"x":1}}}' }, 422, 'invalid_field'),
  post('a wrong type', { body: { message: 5 } }, 422, 'invalid_field'),
  post('a number past all numbers', { raw: '{"message":"a","reply_to":1e400}' }, 422, 'invalid_field'),
  post('a fraction', { body: { message: 'a', reply_to: 1.5 } }, 422, 'invalid_field'),
  post('a missing field', { body: {} }, 422, 'invalid_field'),
  post('no body', {}, 422, 'invalid_field'),
  post('null', { raw: 'null' }, 422, 'invalid_field'),
  post('an empty message', { body: { message: '' } }, 422, 'invalid_field'),
  post('a blank message', { body: { message: ' \n\t\u3000' } }, 422, 'invalid_field'),
  post('a message of 4,097 characters', { body: { message: long(4_097) } }, 422, 'invalid_field'),
  post('NUL in a message', { raw: '{"message":"a\\u0000b"}' }, 422, 'invalid_field'),
  post('half a surrogate pair', { raw: '{"message":"a\\ud800b"}' }, 422, 'invalid_field'),
  post('a uuid that is none', { body: { message: 'a', uuid: 'nope' } }, 422, 'invalid_field'),
  post(
    'a uuid of version 4',
    { body: { message: 'a', uuid: '0712907a-9111-4de1-82a2-8dc3dc1d36c0' } },
    422,
    'invalid_field',
  ),
  post('no JSON', { raw: '{"message":' }, 400, 'bad_request'),
  post('bytes that are no UTF-8', { raw: Buffer.from([0x22, 0xff, 0xfe, 0x22]) }, 400, 'bad_request'),
  post('an overlong encoding', { raw: Buffer.from([0x22, 0xc0, 0x80, 0x22]) }, 400, 'bad_request'),
  post('a deep body', { raw: `{"message":${deep(20_000)}}` }, 400, 'bad_request'),
  post('a body past 64 KB', { body: { message: long(70_000) } }, 413, 'body_too_large'),
  post(
    'another media type',
    { raw: 'message=a', headers: { 'content-type': 'text/plain' } },
    415,
    'unsupported_media_type',
  ),
  post(
    'a compressed body',
    { raw: '{"message":"a"}', headers: { 'content-encoding': 'gzip' } },
    415,
    'unsupported_media_type',
  ),
  ['a name longer than any', 'GET', () => `/v1/users/${long(3_000)}`, {}, 404, 'not_found'],
  ['a limit of 0', 'GET', () => `${messages}?limit=0`, {}, 422, 'invalid_field'],
  ['a limit of 101', 'GET', () => `${messages}?limit=101`, {}, 422, 'invalid_field'],
  ['a limit past all numbers', 'GET', () => `${messages}?limit=1e400`, {}, 422, 'invalid_field'],
  ['a place past all numbers', 'GET', () => `${messages}?after_seq=1e400`, {}, 422, 'invalid_field'],
  ['a limit that is no number', 'GET', () => `${messages}?limit=ten`, {}, 422, 'invalid_field'],
  ...oddSpellings.flatMap((text): Case[] => [
    [
      `a limit spelt ${JSON.stringify(text)}`,
      'GET',
      () => `${messages}?limit=${encodeURIComponent(text)}`,
      {},
      422,
      'invalid_field',
    ],
    [
      `a place spelt ${JSON.stringify(text)}`,
      'GET',
      () => `${messages}?after_seq=${encodeURIComponent(text)}`,
      {},
      422,
      'invalid_field',
    ],
    [
      `a message spelt ${JSON.stringify(text)}`,
      'DELETE',
      () => `${messages}/${encodeURIComponent(text)}`,
      {},
      404,
      'not_found',
    ],
  ]),
  ['two limits', 'GET', () => `${messages}?limit=1&limit=2`, {}, 422, 'invalid_field'],
  ['an unknown query field', 'GET', () => `${messages}?page=2`, {}, 422, 'invalid_field'],
  ['a prototype name in the query', 'GET', () => `${messages}?__proto__=2`, {}, 422, 'invalid_field'],
  ['a cursor of another kind', 'GET', () => `${messages}?cursor=AAAA`, {}, 422, 'invalid_cursor'],
  ['a long cursor', 'GET', () => `${messages}?cursor=${long(2_000)}`, {}, 422, 'invalid_cursor'],
  ['a cursor of the inbox that is none', 'GET', () => '/v1/conversations?cursor=!!', {}, 422, 'invalid_cursor'],
  ['a time that is none', 'GET', () => `${messages}?at=yesterday`, {}, 422, 'invalid_field'],
  ['two places at once', 'GET', () => `${messages}?after_seq=1&before_seq=9`, {}, 422, 'invalid_field'],
  ['an unknown folder', 'GET', () => '/v1/conversations?folder=trash', {}, 422, 'invalid_field'],
  ['a message that is no number', 'PATCH', () => `${messages}/first`, { body: { message: 'a' } }, 404, 'not_found'],
  ['a message below 1', 'DELETE', () => `${messages}/0`, {}, 404, 'not_found'],
  ['an emoji of words', 'PUT', () => `${messages}/1/reactions/thumbsupthumbsup1`, {}, 422, 'invalid_field'],
  ['a control character for an emoji', 'PUT', () => `${messages}/1/reactions/%00`, {}, 422, 'invalid_field'],
  ['a space for an emoji', 'PUT', () => `${messages}/1/reactions/%20`, {}, 422, 'invalid_field'],
  ['a path that is no UTF-8', 'PUT', () => `${messages}/1/reactions/%ff`, {}, 400, 'bad_request'],
  ['a handle that cannot be', 'GET', () => '/v1/users/a', {}, 404, 'not_found'],
  ['a handle of other letters', 'GET', () => `/v1/users/${encodeURIComponent('ädä')}`, {}, 404, 'not_found'],
  ['nobody to talk to', 'POST', () => '/v1/conversations', { body: { handles: [] } }, 422, 'invalid_field'],
  [
    'a handle that cannot be, in a body',
    'POST',
    () => '/v1/conversations',
    { body: { handles: ['a b'] } },
    422,
    'invalid_field',
  ],
  [
    'a hundred and one people',
    'POST',
    () => '/v1/conversations',
    { body: { handles: Array.from({ length: 101 }, (_, n) => `user_${n}`) } },
    422,
    'invalid_field',
  ],
  [
    'a title of spaces',
    'POST',
    () => '/v1/conversations',
    { body: { handles: ['bob'], title: '  ' } },
    422,
    'invalid_field',
  ],
  [
    'a name of spaces',
    'POST',
    () => '/v1/dev/sign-in',
    { body: { handle: 'zed', display_name: ' ' } },
    422,
    'invalid_field',
  ],
  ['nothing to change', 'PATCH', () => '/v1/me', { body: {} }, 422, 'invalid_field'],
  ['a body where none is taken', 'PUT', () => '/v1/blocks/bob', { body: { why: 'x' } }, 422, 'invalid_field'],
  ['an unknown route', 'GET', () => '/v1/nothing', {}, 404, 'not_found'],
  ['a path up the tree', 'GET', () => '/v1/../../etc/passwd', {}, 404, 'not_found'],
  ['another method', 'DELETE', () => '/v1/conversations', {}, 405, 'method_not_allowed'],
];

describe('[SEC-6] [NET-1] refused with its code, at no cost', () => {
  test.each(cases)('%s', async (_name, method, url, ask, status, code) => {
    const before = rig.requests();
    const answer = await rig.ask(method, url(), { token: ada.token, ...ask });
    expect([answer.status, answer.body?.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ type: `urn:parley:problem:${code}`, status });
    expect(answer.text).not.toMatch(/node_modules|\.ts|at \w+ \(/);
    expect(rig.requests() - before).toBe(0);
  });
});

describe('[NET-1] the problem document helps', () => {
  test('an unknown field is named', async () => {
    const { body } = await rig.ask('POST', messages, { token: ada.token, body: { message: 'a', colour: 'red' } });
    expect(body.errors).toEqual([{ field: 'colour', message: 'is not a field of this request' }]);
  });

  test('a missing and a wrong field are named', async () => {
    const missing = await rig.ask('POST', messages, { token: ada.token, body: {} });
    expect(missing.body.errors[0].field).toBe('message');
    const wrong = await rig.ask('POST', '/v1/conversations', { token: ada.token, body: { handles: ['bob', 5] } });
    expect(wrong.body.errors[0].field).toBe('handles.1');
  });

  test('another method says which methods there are', async () => {
    const answer = await rig.ask('DELETE', `${messages}?x=1`, { token: ada.token });
    expect(answer.headers.allow).toBe('GET, POST');
  });

  test('it is kept by nobody and names its request, also where there is no route', async () => {
    for (const [method, path, status] of [
      ['GET', '/v1/nothing', 404],
      ['GET', '/nothing', 404],
      ['DELETE', '/v1/conversations', 405],
      ['GET', '/v1/users/%E0%A4%A', 400],
    ] as const) {
      const { status: answered, headers } = await rig.ask(method, path, {
        headers: { 'x-request-id': 'trace-me-0001' },
      });
      const { 'cache-control': kept, 'x-content-type-options': sniffed, 'x-request-id': id } = headers;
      expect([path, answered, kept, sniffed, id]).toEqual([path, status, 'no-store', 'nosniff', 'trace-me-0001']);
    }
  });

  test('a limit counts characters, not code units', async () => {
    const answer = await rig.send(ada, talk, '🙂'.repeat(4_096));
    expect(answer.status).toBe(201);
    expect((await rig.send(ada, talk, '🙂'.repeat(4_097))).status).toBe(422);
  });
});
