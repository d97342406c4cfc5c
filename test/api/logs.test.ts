/** [SEC-7] What a broad run writes to the log at its most talkative: no token, no text, no address with its query. */
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ParleyError } from '#domain/errors';
import { createLogger } from '#server/logging';
import { TableError } from '#table/errors';
import { documented, operations, setScene } from './operations.ts';
import { type Rig, startRig } from './rig.ts';
import { readEvents } from './sockets.ts';

const lines: string[] = [];
const memory = new Writable({
  write: (chunk, _encoding, done) => {
    lines.push(String(chunk));
    done();
  },
});

let rig: Rig;
const spoken: string[] = [];
const say = (text: string): string => {
  spoken.push(text);
  return text;
};

beforeAll(async () => {
  rig = await startRig({ logger: createLogger('trace', memory) });
});

afterAll(() => rig.close());

test('[SEC-7] nothing that was said, and nothing that signs in, is in any line', async () => {
  const port = await rig.listen();
  const { ada, bob, direct, group } = await setScene(rig);
  const stream = await readEvents(port, '/v1/events', ada.token);
  await stream.next('hello');
  for (const one of documented(rig)) {
    const line = operations[one.operationId];
    if (line === undefined || line.stream || one.operationId === 'eraseMe') continue;
    for (const token of [ada.token, bob.token, 'no-token-at-all', undefined]) {
      await rig.ask(one.method, line.url(line.about === 'group' ? group : direct, 1), {
        ...(token !== undefined && { token }),
        ...line.ask?.(),
      });
    }
  }
  await rig.send(ada, direct, say('the first secret we share'));
  await rig.ask('GET', `/v1/conversations/${direct}/messages?cursor=${say('cursor-of-secrets')}`, { token: ada.token });
  await rig.ask('GET', `/v1/nothing?access_token=${say('token-in-a-query')}`, { token: ada.token });
  await rig.ask('POST', `/v1/conversations/${direct}/messages`, {
    token: ada.token,
    raw: `{"message":"${say('broken secret')}`,
  });
  await rig.ask('POST', `/v1/conversations/${direct}/messages`, {
    token: ada.token,
    body: { [say('secret-field')]: 1 },
  });
  await rig.ask('PATCH', `/v1/conversations/${group}`, {
    token: ada.token,
    body: { title: say('a title that is private') },
  });
  await rig.ask('PATCH', '/v1/me', { token: ada.token, body: { display_name: say('A Private Name') } });
  await rig.ask('GET', '/v1/me', {
    headers: { 'x-request-id': say('bad id with spaces'), cookie: say('session=of-mine') },
  });
  stream.close();
  const said = lines.join('');
  expect(lines.length).toBeGreaterThan(50);
  for (const secret of [...spoken, ada.token, bob.token, ada.token.split('.')[2] ?? ada.token, 'no-token-at-all'])
    expect(said).not.toContain(secret);
  for (const text of ['first', 'second', 'welcome', 'without Cat']) expect(said).not.toContain(`"${text}"`);
  expect(said).not.toMatch(/bearer/i);
});

test('[SEC-7] a failure is written with where it came from, and without its words', async () => {
  const broken = await startRig({
    logger: createLogger('trace', memory),
    messenger: {
      ...rig.messenger,
      me: () =>
        Promise.reject(
          new RangeError(say('cannot store "my dearest secret"'), { cause: new Error(say('secret cause')) }),
        ),
    },
  });
  const ada = await broken.signIn('ada');
  lines.length = 0;
  const answer = await broken.ask('GET', '/v1/me', { token: ada.token, headers: { 'x-request-id': 'trace-me-0001' } });
  expect([answer.status, answer.headers['x-request-id']]).toEqual([500, 'trace-me-0001']);
  const line = lines.find((one) => one.includes('a request failed')) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({
    level: 'error',
    req_id: 'trace-me-0001',
    method: 'GET',
    route: '/v1/me',
    error: 'RangeError',
  });
  expect(line).toMatch(/logs\.test\.ts/);
  for (const secret of spoken) expect(lines.join('')).not.toContain(secret);
  await broken.close();
});

const written = (): Record<string, unknown>[] =>
  lines
    .join('')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('what could not be served is written once in ten seconds for each code, with what is beneath it', async () => {
  let time = Date.now();
  const refused = new Error(say('what Ada wrote'), {
    cause: Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }),
  });
  const away = new TableError('unavailable', 'Query: no answer (10 attempts)', { cause: refused });
  const me = (): Promise<never> =>
    Promise.reject(new ParleyError('unavailable', 'The table does not answer; try again.', { cause: away }));
  const broken = await startRig({
    now: () => time,
    logger: createLogger('info', memory),
    messenger: { ...rig.messenger, me, blocks: () => Promise.reject(new ParleyError('overloaded', 'Too much to do.')) },
  });
  const ada = await broken.signIn('ada');
  lines.length = 0;
  const ask = (url: string, id: string) =>
    broken.ask('GET', url, { token: ada.token, headers: { 'x-request-id': id } });
  for (const id of ['request-1', 'request-2', 'request-3']) await ask('/v1/me', id);
  await ask('/v1/blocks', 'request-4');
  time += 10_000;
  await ask('/v1/me', 'request-5');
  const causes = [
    'ParleyError unavailable: The table does not answer; try again.',
    'TableError unavailable: Query: no answer (10 attempts)',
    'Error',
    'Error ETIMEDOUT: connect ETIMEDOUT',
  ];
  const unavailable = { level: 'warn', method: 'GET', route: '/v1/me', code: 'unavailable', status: 503, causes };
  expect(written()).toMatchObject([
    { ...unavailable, req_id: 'request-1', unlogged: 0 },
    { level: 'warn', route: '/v1/blocks', code: 'overloaded', req_id: 'request-4' },
    { ...unavailable, req_id: 'request-5', unlogged: 2 },
  ]);
  for (const secret of spoken) expect(lines.join('')).not.toContain(secret);
  await broken.close();
});

test('the log says when the server is not ready any more, and when it is again', async () => {
  const answers = [true, false, false, true, true];
  const ready = (): Promise<void> =>
    answers.shift() === true ? Promise.resolve() : Promise.reject(new TableError('no_such_table', 'GetItem: no table'));
  const broken = await startRig({ logger: createLogger('info', memory), ready });
  lines.length = 0;
  const statuses: number[] = [];
  while (answers.length > 0) statuses.push((await broken.ask('GET', '/readyz')).status);
  expect(statuses).toEqual([200, 503, 503, 200, 200]);
  expect(written()).toMatchObject([
    {
      level: 'warn',
      msg: 'not ready: the table does not answer',
      causes: ['TableError no_such_table: GetItem: no table'],
    },
    { level: 'warn', msg: 'ready again: the table answers' },
  ]);
  await broken.close();
});

test('[SEC-7] an object that holds secrets is cleaned of them, and an error of its message', () => {
  lines.length = 0;
  const log = createLogger('trace', memory);
  log.info(
    { authorization: 'Bearer abc', request: { headers: { cookie: 'c' }, body: 'b' }, deep: { er: { token: 't0ken' } } },
    'x',
  );
  log.error(new Error('said in confidence'), 'failed');
  log.error({ err: new Error('said in confidence') }, 'failed');
  const said = lines.join('');
  expect(said).not.toMatch(/Bearer abc|"cookie"|"b"|t0ken|confidence/);
});
