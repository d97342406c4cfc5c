/** The web app's files beside the contract: what browsers may keep, what a page may load, and which addresses are pages. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

test('answers of the contract are not kept by anybody', async () => {
  const ada = await rig.signIn('ada');
  const { headers } = await rig.ask('GET', '/v1/me', { token: ada.token });
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
});
