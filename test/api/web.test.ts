/** The web app's files beside the contract: what browsers may keep, what a page may load, and which addresses are pages. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rig, startRig } from './rig.ts';

let rig: Rig;
let webRoot: string;
const page = { headers: { accept: 'text/html,application/xhtml+xml' } };

beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'parley-web-'));
  await mkdir(join(webRoot, 'assets'));
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>Parley</title>');
  await writeFile(join(webRoot, 'assets', 'app-4f3c.js'), 'export {};');
  rig = await startRig({ webRoot, webConnect: ['https://sign.example'] });
});

afterAll(async () => {
  await rig.close();
  await rm(webRoot, { recursive: true, force: true });
});

test('hashed files are kept for ever, the page is asked for anew', async () => {
  const script = await rig.ask('GET', '/assets/app-4f3c.js');
  expect([script.status, script.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
  const root = await rig.ask('GET', '/', page);
  expect([root.status, root.headers['cache-control']]).toEqual([200, 'no-cache']);
});

test('[SEC-6] a page loads scripts, styles and data from here, and from where one signs in, and nowhere else', async () => {
  const { headers } = await rig.ask('GET', '/', page);
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("connect-src 'self' https://sign.example");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("'unsafe-eval'");
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['referrer-policy']).toBe('no-referrer');
});

test('an address of the app is the page; a missing file, a data request and the contract’s addresses are not', async () => {
  const deep = await rig.ask('GET', '/c/8d2df086-bfb9-521a-93ca-d8c936e6ce1a', page);
  expect([deep.status, deep.text]).toEqual([200, '<!doctype html><title>Parley</title>']);
  expect(String(deep.headers['content-security-policy'])).toContain("default-src 'none'");
  for (const [path, ask] of [
    ['/c/1', {}],
    ['/v1/nothing', page],
    ['/api/nothing', page],
    ['/../package.json', {}],
    ['/assets/..%2f..%2fpackage.json', {}],
  ] as const) {
    const answer = await rig.ask('GET', path, ask);
    expect([path, answer.status, answer.body?.code]).toEqual([path, 404, 'not_found']);
  }
});

test.each([
  ['/', page],
  ['/index.html', {}],
  ['/assets/app-4f3c.js', {}],
  ['/c/8d2df086-bfb9-521a-93ca-d8c936e6ce1a', page],
  ['/docs', {}],
  ['/docs/', {}],
  ['/docs/json', {}],
  ['/docs/static/swagger-ui.css', {}],
  ['/openapi.json', {}],
  ['/healthz', {}],
  ['/readyz', {}],
])('HEAD %s answers like GET, without the body', async (path, ask) => {
  const got = await rig.ask('GET', path, ask);
  const head = await rig.ask('HEAD', path, ask);
  const lasting = ({ date, 'x-request-id': _, ...headers }: typeof got.headers) => headers;
  expect(got.status).toBe(200);
  expect([head.status, lasting(head.headers)]).toEqual([200, lasting(got.headers)]);
  expect(Number(head.headers['content-length'])).toBe(Buffer.byteLength(got.text));
  expect(head.text).toBe('');
});

test('HEAD of what is not there, of what is not for everybody, and past the rate is answered as GET is', async () => {
  expect((await rig.ask('HEAD', '/nothing')).status).toBe(404);
  const other = await rig.ask('HEAD', '/v1/me');
  expect([other.status, other.headers.allow]).toEqual([405, 'DELETE, GET, PATCH']);
  expect((await rig.ask('DELETE', '/healthz')).headers.allow).toBe('GET, HEAD');
  const strict = await startRig({ webRoot, rateLimits: { perUser: 1, perAddress: 1 } });
  const statuses = [];
  for (let n = 0; n < 11; n += 1) statuses.push((await strict.ask('HEAD', '/', page)).status);
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429]);
  await strict.close();
});

test('HEAD over a connection is an answer without a body, and the next one follows on it', async () => {
  const port = await rig.listen();
  const socket = connect(port, '127.0.0.1');
  let seen = '';
  socket.on('data', (chunk) => {
    seen += chunk.toString('latin1');
  });
  const request = (method: string, more = '') => `${method} /healthz HTTP/1.1\r\nhost: localhost\r\n${more}\r\n`;
  socket.write(request('HEAD') + request('GET', 'connection: close\r\n'));
  await new Promise((resolve) => socket.once('close', resolve));
  const [head, get, ...more] = seen.split(/(?=HTTP\/1\.1)/);
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n(\S+: .*\r\n)*content-length: 15\r\n(\S+: .*\r\n)*\r\n$/);
  expect(get).toMatch(/\r\n\r\n\{"status":"ok"\}$/);
  expect(more).toEqual([]);
});

test('answers of the contract are not kept by anybody', async () => {
  const ada = await rig.signIn('ada');
  const { headers } = await rig.ask('GET', '/v1/me', { token: ada.token });
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
});
