/** Rates, hostile connections, health, measurements and an orderly stop. */
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { ParleyError } from '#domain/errors';
import { exportsPerUserMax } from '#server/export-gate';
import { type Rig, startRig } from './rig.ts';
import { readEvents, sendRaw } from './sockets.ts';

let rig: Rig | undefined;
const start = async (...change: Parameters<typeof startRig>): Promise<Rig> => {
  rig = await startRig(...change);
  return rig;
};

afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

describe('[SEC-6] rates', () => {
  test('a user has a burst of ten seconds, is told what is left, and gets it back with time', async () => {
    let time = 0;
    const { ask, signIn } = await start({
      rateLimits: { perUser: 2, perAddress: 1_000 },
      now: () => Date.now() + time,
    });
    const [ada, bob] = [await signIn('ada'), await signIn('bob')];
    const first = await ask('GET', '/v1/me', { token: ada.token });
    expect(first.headers).toMatchObject({ 'ratelimit-limit': '20', 'ratelimit-remaining': '19' });
    for (let n = 0; n < 19; n += 1) expect((await ask('GET', '/v1/me', { token: ada.token })).status).toBe(200);
    const refused = await ask('GET', '/v1/me', { token: ada.token });
    expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
    expect(refused.headers).toMatchObject({ 'ratelimit-remaining': '0', 'retry-after': '1' });
    expect((await ask('GET', '/v1/me', { token: bob.token })).status).toBe(200);
    time = 1_000;
    expect((await ask('GET', '/v1/me', { token: ada.token })).status).toBe(200);
    time = 60_000;
    const full = await ask('GET', '/v1/me', { token: ada.token });
    expect(full.headers['ratelimit-remaining']).toBe('19');
  });

  test('an address has its own, which bad tokens use up too; what a machine asks is not counted', async () => {
    const { ask, requests } = await start({ rateLimits: { perUser: 1_000, perAddress: 1 } });
    for (let n = 0; n < 10; n += 1) expect((await ask('GET', '/v1/me', { token: 'guess' })).status).toBe(401);
    const before = requests();
    expect((await ask('GET', '/v1/me', { token: 'guess' })).status).toBe(429);
    expect((await ask('POST', '/v1/dev/sign-in', { body: { handle: 'ada' } })).status).toBe(429);
    expect(requests()).toBe(before);
    expect((await ask('GET', '/healthz')).status).toBe(200);
    expect((await ask('GET', '/readyz')).status).toBe(200);
  });

  test('what is nowhere, the document and the pages are limited by address as well, together and apart from the contract', async () => {
    const { ask } = await start({ rateLimits: { perUser: 1_000, perAddress: 1 } });
    const paths = ['/nothing', '/v1/nothing', '/openapi.json', '/docs/', '/favicon.ico'];
    for (const path of [...paths, ...paths]) expect((await ask('GET', path)).status, path).toBeLessThan(429);
    for (const path of paths) {
      const refused = await ask('GET', path);
      expect([path, refused.status, refused.body.code]).toEqual([path, 429, 'rate_limited']);
      expect(refused.headers['retry-after']).toBe('1');
    }
    expect((await ask('GET', '/v1/config')).status).toBe(200);
  });

  test('addresses behind the proxies in front are told apart; a header from elsewhere is not believed', async () => {
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const trusting = await start({ proxies: 1, rateLimits: { perUser: 1_000, perAddress: 1 } });
    for (let n = 0; n < 10; n += 1) await trusting.ask('GET', '/v1/config', from('198.51.100.1'));
    expect((await trusting.ask('GET', '/v1/config', from('198.51.100.1'))).status).toBe(429);
    expect((await trusting.ask('GET', '/v1/config', from('198.51.100.2'))).status).toBe(200);
    await trusting.close();
    const { ask } = await start({ rateLimits: { perUser: 1_000, perAddress: 1 } });
    for (let n = 0; n < 10; n += 1) await ask('GET', '/v1/config', from(`198.51.100.${n}`));
    expect((await ask('GET', '/v1/config', from('198.51.100.99'))).status).toBe(429);
  });
});

test('[SEC-6] whoever has a whole network of addresses, as everybody has with IPv6, has one rate', async () => {
  const { app } = await start({ rateLimits: { perUser: 1_000, perAddress: 1 } });
  const statusFrom = async (remoteAddress: string) =>
    (await app.inject({ url: '/v1/config', remoteAddress })).statusCode;
  for (let n = 1; n <= 10; n += 1) expect(await statusFrom(`2001:db8:1:2::${n}`)).toBe(200);
  expect(await statusFrom('2001:db8:1:2:ffff::99')).toBe(429);
  expect(await statusFrom('2001:db8:1:3::1')).toBe(200);
  for (let n = 0; n < 10; n += 1) {
    expect((await app.inject({ url: '/nothing', remoteAddress: `2001:db8:1:2::${n}` })).statusCode).toBe(404);
  }
  expect((await app.inject({ url: '/nothing', remoteAddress: '2001:db8:1:2::99' })).statusCode).toBe(429);
});

describe('[SEC-6] hostile connections', () => {
  test('what is no HTTP, and a flood of headers, are answered 400 and closed; the server goes on', async () => {
    const { listen, ask } = await start();
    const port = await listen();
    const flood = Array.from({ length: 3_000 }, (_, n) => `x-${n}: ${'y'.repeat(20)}\r\n`).join('');
    const answers = await Promise.all([
      sendRaw(port, 'not http at all\r\n\r\n'),
      sendRaw(port, `GET /v1/me HTTP/1.1\r\nhost: x\r\n${flood}\r\n`),
      sendRaw(port, `GET /v1/me HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(100_000)}\r\n\r\n`),
      sendRaw(port, 'POST /v1/dev/sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 9\r\n\r\nhello'),
      sendRaw(port, 'GET /v1/me HTTP/1.1\r\nconnection: close\r\n\r\n'),
      sendRaw(port, 'GET /v1/me HTTP/1.1\r\nhost: x\r\nexpect: miracles\r\nconnection: close\r\n\r\n'),
    ]);
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('application/problem+json');
    }
    expect((await ask('GET', '/healthz')).status).toBe(200);
  });

  test('a body that says it is larger than it may be is refused before it is read', async () => {
    const { listen } = await start();
    const port = await listen();
    const answer = await sendRaw(
      port,
      'POST /v1/dev/sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 900000000\r\n\r\n{',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

/** Opens a connection, sends bytes as they are, and reads nothing. */
const sendUnread = (port: number, bytes: string) => {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  socket.write(bytes);
  return socket;
};

/** An export without an end, of lines of a kilobyte. */
async function* endless(): AsyncGenerator<string> {
  for (;;) yield JSON.stringify({ text: 'x'.repeat(1_024) });
}

const inFlight = async (port: number): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^parley_http_requests_in_flight (\d+)$/m.exec(text)?.[1]);
};

describe('[SEC-6] readers that do not read', () => {
  test('an answer that nobody takes ends with its connection, and no longer counts as a request in flight', async () => {
    const { messenger } = await start();
    let begun = 0;
    const exportMe = () => {
      begun += 1;
      return endless();
    };
    const stalling = await startRig({ messenger: { ...messenger, exportMe }, stalledMs: 1_500 });
    const port = await stalling.listen();
    const ada = await stalling.signIn('ada');
    const before = await inFlight(port);
    const head = `GET /v1/me/export HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${ada.token}\r\n\r\n`;
    const sockets = Array.from({ length: 3 }, () => sendUnread(port, head));
    await expect.poll(() => begun, { timeout: 10_000 }).toBe(3);
    await expect.poll(() => inFlight(port), { timeout: 10_000 }).toBe(before);
    for (const socket of sockets) socket.destroy();
    await stalling.close();
  });

  test('who goes away before they are answered leaves no request in flight behind', async () => {
    const held: (() => void)[] = [];
    const { messenger } = await start();
    const slow = await startRig({
      messenger: {
        ...messenger,
        me: async (call) => {
          await new Promise<void>((resolve) => held.push(resolve));
          return messenger.me(call);
        },
      },
    });
    const port = await slow.listen();
    const ada = await slow.signIn('ada');
    const before = await inFlight(port);
    const head = `GET /v1/me HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${ada.token}\r\n\r\n`;
    const sockets = Array.from({ length: 3 }, () => sendUnread(port, head));
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(3);
    expect(await inFlight(port)).toBe(before + 3);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => inFlight(port), { timeout: 10_000 }).toBe(before);
    for (const finish of held) finish();
    await setTimeout(50);
    expect(await inFlight(port)).toBe(before);
    await slow.close();
  });

  test('a user has so many exports at a time, and another when one of them has ended', async () => {
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const { messenger } = await start();
    const held = await startRig({
      messenger: {
        ...messenger,
        async *exportMe() {
          yield '{}';
          await gate;
        },
      },
    });
    const [ada, bob] = [await held.signIn('ada'), await held.signIn('bob')];
    const port = await held.listen();
    const exportOf = (token: string) =>
      fetch(`http://127.0.0.1:${port}/v1/me/export`, { headers: { authorization: `Bearer ${token}` } });
    const open = await Promise.all(Array.from({ length: exportsPerUserMax }, () => exportOf(ada.token)));
    expect(open.map(({ status }) => status)).toEqual(open.map(() => 200));
    const refused = await exportOf(ada.token);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([429, 'rate_limited']);
    expect((await exportOf(bob.token)).status).toBe(200);
    goOn();
    await Promise.all(open.map((answer) => answer.text()));
    expect((await exportOf(ada.token)).status).toBe(200);
    await held.close();
  });
});

describe('health and measurements', () => {
  test('not ready while the table does not answer, alive all the same', async () => {
    const { ask } = await start({ ready: () => Promise.reject(new Error('away')) });
    const answer = await ask('GET', '/readyz');
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
    expect(answer.headers['retry-after']).toBe('1');
    expect((await ask('GET', '/healthz')).body).toEqual({ status: 'ok' });
  });

  test('measurements by route and by pattern, for this machine only unless configured', async () => {
    const { signIn, open, send, listen } = await start();
    const port = await listen();
    const ada = await signIn('ada');
    await signIn('bob');
    const talk = await open(ada, ['bob']);
    await send(ada, talk, 'one');
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toMatch(/^parley_table_requests_total\{pattern="appendEntry",outcome="done"\} 1$/m);
    expect(text).toMatch(/^parley_table_units_total\{pattern="appendEntry",kind="write"\} 1$/m);
    expect(text).toMatch(
      /^parley_http_requests_total\{method="POST",route="\/v1\/conversations\/:uuid\/messages",status="201"\} 1$/m,
    );
    expect(text).not.toContain(talk);
    const forwarded = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { 'x-forwarded-for': '127.0.0.1' } });
    expect(forwarded.status).toBe(404);
    const elsewhere = await rig?.app.inject({ url: '/metrics', remoteAddress: '198.51.100.7' });
    expect(elsewhere?.statusCode).toBe(404);
  });

  test('a failure says nothing of its inside to the user', async () => {
    const { ask, signIn, messenger } = await start();
    const ada = await signIn('ada');
    const broken = await startRig({
      messenger: { ...messenger, me: () => Promise.reject(new TypeError('secret at /srv/app/x.ts')) },
    });
    const bob = await broken.signIn('ada');
    const answer = await broken.ask('GET', '/v1/me', { token: bob.token });
    expect([answer.status, answer.body.code]).toEqual([500, 'internal']);
    expect(answer.text).not.toMatch(/secret|x\.ts/);
    await broken.close();
    expect((await ask('GET', '/v1/me', { token: ada.token })).status).toBe(200);
  });

  test('[NET-2] what is unavailable says when to ask again', async () => {
    const { messenger } = await start();
    const away = await startRig({
      messenger: {
        ...messenger,
        me: () =>
          Promise.reject(new ParleyError('unavailable', 'The table does not answer.', { retryAfterSeconds: 7 })),
      },
    });
    const ada = await away.signIn('ada');
    const answer = await away.ask('GET', '/v1/me', { token: ada.token });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '7']);
    await away.close();
  });
});

describe('an orderly stop', () => {
  test('what was accepted is finished, streams are told when to come back, and nothing new is taken', async () => {
    const held: (() => void)[] = [];
    const { messenger } = await start();
    const stopping = await startRig({
      messenger: {
        ...messenger,
        me: async (call) => {
          await new Promise<void>((resolve) => held.push(resolve));
          return messenger.me(call);
        },
      },
    });
    const port = await stopping.listen();
    const ada = await stopping.signIn('ada');
    const stream = await readEvents(port, '/v1/events', ada.token);
    await stream.next('hello');
    const answering = fetch(`http://127.0.0.1:${port}/v1/me`, { headers: { authorization: `Bearer ${ada.token}` } });
    while (held.length === 0) await setTimeout(5);
    const closed = stopping.app.close();
    const bye = await stream.next('bye');
    expect(bye.data.reason).toBe('shutting_down');
    expect(bye.data.retry_ms).toBeGreaterThanOrEqual(500);
    await stream.ended;
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    for (const finish of held) finish();
    const answer = await answering;
    expect([answer.status, ((await answer.json()) as { handle: string }).handle]).toEqual([200, 'ada']);
    await closed;
    await stopping.close();
  });
});
