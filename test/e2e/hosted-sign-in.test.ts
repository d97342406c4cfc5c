/** Sign-in at an identity provider: authorization code with proof key, against a small provider that checks the proof. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, noBrowser } from './support/browser.ts';
import { openApp } from './support/page.ts';
import { startServer, type TestServer } from './support/server.ts';

/** A provider as Cognito's hosted pages are one; its access tokens are the embedded server's own, so that they verify. */
const startProvider = async (
  accessToken: () => Promise<string>,
): Promise<{ server: Server; url: string; asked: URLSearchParams[]; ended: { all: boolean } }> => {
  const ended = { all: false };
  const challenges = new Map<string, string>();
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://provider');
    response.setHeader('access-control-allow-origin', '*');
    if (url.pathname === '/oauth2/authorize') {
      challenges.set('code-1', url.searchParams.get('code_challenge') ?? '');
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'code-1');
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.setHeader('content-type', 'text/html');
      response.end(`<a href="${back.href.replaceAll('&', '&amp;')}">Go on as Ana</a>`);
      return;
    }
    if (url.pathname === '/logout') {
      response.writeHead(302, { location: url.searchParams.get('logout_uri') ?? '' }).end();
      return;
    }
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', async () => {
      const form = new URLSearchParams(body);
      asked.push(form);
      const digest = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      const isRenewal = form.get('grant_type') === 'refresh_token';
      const proven = isRenewal ? !ended.all : challenges.get(form.get('code') ?? '') === digest;
      response.writeHead(proven ? 200 : 400, { 'content-type': 'application/json' });
      const tokens = { access_token: await accessToken(), refresh_token: 'refresh-1', expires_in: 3_600 };
      response.end(JSON.stringify(proven ? tokens : { error: 'invalid_grant' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, ended };
};

describe.skipIf(noBrowser !== undefined)(`hosted sign-in (${noBrowser ?? 'in Chromium'})`, () => {
  let app: TestServer;
  let browser: Browser;
  let provider: Awaited<ReturnType<typeof startProvider>>;

  beforeAll(async () => {
    [app, browser] = await Promise.all([startServer(), launchBrowser()]);
    provider = await startProvider(async () => {
      const answer = await fetch(`${app.url}/v1/dev/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ handle: 'ana', display_name: 'Ana Torres' }),
      });
      return ((await answer.json()) as { access_token: string }).access_token;
    });
  });
  afterEach(async () => {
    provider.ended.all = false;
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    provider?.server.close();
    await browser?.close();
    await app?.close();
  });

  /** The app as a server with a user pool would present itself: its configuration, and its policy's leave to ask the pool. */
  const open = async (): Promise<Page> => {
    const { page } = await openApp(browser, 'about:blank');
    await page.context().route('**/v1/config', (route) =>
      route.fulfill({
        json: {
          sign_in: 'cognito',
          lens: false,
          authorize_url: `${provider.url}/oauth2/authorize`,
          token_url: `${provider.url}/oauth2/token`,
          logout_url: `${provider.url}/logout`,
          client_id: 'client-1',
          scopes: ['openid', 'profile'],
        },
      }),
    );
    await page.context().route(`${app.url}/**`, async (route) => {
      if (route.request().resourceType() !== 'document') return route.fallback();
      const answer = await route.fetch();
      const policy = (answer.headers()['content-security-policy'] ?? '').replace(
        "connect-src 'self'",
        `connect-src 'self' ${provider.url}`,
      );
      await route.fulfill({ response: answer, headers: { ...answer.headers(), 'content-security-policy': policy } });
    });
    await page.goto(app.url);
    return page;
  };

  test('signs in by code and proof, comes back clean, survives a reload, and signs out at the provider too', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Go on as Ana' }).click();
    await page.locator('.connection.open').waitFor();
    expect(new URL(page.url()).search).toBe('');
    expect(provider.asked[0]?.get('client_id')).toBe('client-1');
    expect(provider.asked[0]?.get('code_verifier')).toMatch(/^[\w-]{43,128}$/);

    await page.reload();
    await page.locator('.connection.open').waitFor();
    const left = page.waitForRequest(`${provider.url}/logout?**`);
    await page.getByRole('button', { name: 'You and this app' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await left;
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('token')))).toEqual([]);
  });

  const signedIn = async (): Promise<Page> => {
    const page = await open();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Go on as Ana' }).click();
    await page.locator('.connection.open').waitFor();
    return page;
  };

  test('whose session the provider has ended comes to the sign-in screen', async () => {
    const page = await signedIn();
    await page.evaluate(() => {
      const tokens = JSON.parse(localStorage.getItem('parley.tokens') ?? '{}');
      localStorage.setItem('parley.tokens', JSON.stringify({ ...tokens, expires_at_ms: 0 }));
    });
    provider.ended.all = true;
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  test('a sign-out is one for every tab: none of them puts the tokens back', async () => {
    const page = await signedIn();
    const other = await page.context().newPage();
    await other.goto(app.url);
    await other.locator('.connection.open').waitFor();
    await page.getByRole('button', { name: 'You and this app' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await other.evaluate(() => {
      const day = Date.now() + 86_400_000;
      Date.now = () => day;
    });
    // Its next request finds the token at its end.
    await other.getByRole('button', { name: 'New conversation' }).click();
    await other.getByLabel('Who with').fill('@ben');
    await other.getByRole('button', { name: 'Start', exact: true }).click();
    await other.waitForTimeout(2_000);
    expect(await other.evaluate(() => localStorage.getItem('parley.tokens'))).toBeNull();
  });

  test("somebody else's code signs nobody in", async () => {
    const page = await open();
    await page.goto(`${app.url}/?code=code-1&state=forged`);
    await page.getByText('this sign-in was not started here').waitFor();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(new URL(page.url()).search).toBe('');
  });
});
