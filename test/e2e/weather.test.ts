/** Rough weather: no network, a reload in the middle of it, a server that goes away and comes back. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, noBrowser } from './support/browser.ts';
import { composer, connected, entry, eventually, openApp, openRow, send, shownLog, signIn } from './support/page.ts';
import { openWith, type Person, person, say } from './support/people.ts';
import { leaveProfiles } from './support/profiles.ts';
import { startServer, type TestServer } from './support/server.ts';

describe.skipIf(noBrowser !== undefined)(`the web app in rough weather (${noBrowser ?? 'in Chromium'})`, () => {
  let server: TestServer;
  let browser: Browser;
  let ana: Person;
  let ben: Person;

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    ana = await person(server.url, 'ana', 'Ana Torres');
    ben = await person(server.url, 'ben', 'Ben Köhler');
    await say(ben, await openWith(ana, ben), 'first');
  });
  afterEach(() => leaveProfiles(browser, server.url));
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const openAnas = async (): Promise<Page> => {
    const { page } = await openApp(browser, server.url);
    await signIn(page, 'ana');
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).waitFor();
    return page;
  };
  const conversation = () => openWith(ana, ben);
  const stored = async (): Promise<string[]> =>
    (await ana.api.messages((await conversation()).uuid, { limit: 100 })).messages.map(({ message }) => message ?? '');

  test('[SEC-3] a message whose text does not open says so and why, and the rest of its page is there', async () => {
    const dora = await person(server.url, 'dora', 'Dora Lind');
    const emil = await person(server.url, 'emil', 'Emil Roth');
    await say(emil, await openWith(dora, emil), 'first of all', 'a text of which one bit is changed');
    const { page } = await openApp(browser, server.url);
    await page.route('**/v1/conversations/*/messages?**', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { messages: { message?: string; unreadable?: string }[] };
      const [newest] = body.messages;
      if (newest !== undefined) {
        delete newest.message;
        newest.unreadable = 'tampered';
      }
      await route.fulfill({ response: answer, json: body });
    });
    await signIn(page, 'dora');
    await openRow(page, 'Emil Roth');
    await entry(page, 2).getByText('This message cannot be opened. Its stored text was changed.').waitFor();
    await entry(page, 1).getByText('first of all').waitFor();
    expect(await entry(page, 2).textContent()).not.toContain('one bit');
  });

  test('offline says so, goes on composing, and sends everything exactly once when back', async () => {
    const page = await openAnas();
    await page.context().setOffline(true);
    await send(page, 'written offline 1');
    await send(page, 'written offline 2');
    expect(await page.locator('[data-send="pending"]').count()).toBe(2);
    await page.getByText('You are offline.').waitFor();
    await page.getByText('2 messages wait and will be sent once').waitFor();
    await page.getByRole('button', { name: 'You and this app' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByText('2 messages were not sent yet.').waitFor();
    await page.getByRole('button', { name: 'Stay' }).click();
    await say(ben, await conversation(), 'meanwhile');

    await page.context().setOffline(false);
    await connected(page);
    await page.locator('[data-send]').first().waitFor({ state: 'detached' });
    await page.getByText('You are offline.').waitFor({ state: 'detached' });
    const texts = await eventually(stored, (seen) => seen.includes('written offline 2'));
    expect(texts).toEqual(['written offline 2', 'written offline 1', 'meanwhile', 'first']);
    expect(
      await eventually(
        () => shownLog(page),
        (log) => log.length === 4,
      ),
    ).toEqual(['1 first', '2 meanwhile', '3 written offline 1', '4 written offline 2']);
  });

  test('a reload keeps what was not sent yet, and the draft', async () => {
    const page = await openAnas();
    // The service is away, the page's own files are not.
    await page.route('**/v1/conversations/*/messages', (route) =>
      route.request().method() === 'POST' ? route.abort() : route.fallback(),
    );
    await send(page, 'kept over a reload');
    await page.locator('[data-send="pending"]').waitFor();
    await composer(page).fill('a draft');
    await page.reload();
    await page.locator('[data-send="pending"]', { hasText: 'kept over a reload' }).waitFor();
    expect(await composer(page).inputValue()).toBe('a draft');
    expect(await stored()).not.toContain('kept over a reload');

    await page.unroute('**/v1/conversations/*/messages');
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.locator('[data-send]').waitFor({ state: 'detached' });
    expect((await stored()).filter((text) => text === 'kept over a reload')).toHaveLength(1);
  });

  test('an answer that gets lost does not send twice', async () => {
    const page = await openAnas();
    let lost = 0;
    await page.route('**/v1/conversations/*/messages', async (route) => {
      if (route.request().method() !== 'POST' || lost > 0) return route.fallback();
      lost += 1;
      await route.fetch();
      await route.abort();
    });
    await send(page, 'once only');
    await page.locator('.entry', { hasText: 'once only' }).and(page.locator('[data-entry]')).waitFor();
    await page.locator('[data-send]').waitFor({ state: 'detached' });
    expect(lost).toBe(1);
    expect((await stored()).filter((text) => text === 'once only')).toHaveLength(1);
  });

  test('a restart of the server is a hint and nothing more', async () => {
    const page = await openAnas();
    await server.stop('SIGKILL');
    await page.getByText('Reconnecting to the server.').waitFor();
    await send(page, 'into the void');
    await server.start();
    // Whoever comes back to the window does not wait for the next try.
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await connected(page);
    await page.locator('[data-send]').waitFor({ state: 'detached' });
    await page.getByText('Reconnecting to the server.').waitFor({ state: 'detached' });
    expect(await page.locator('.sign-in-sheet').count()).toBe(0);
    expect(await page.locator('.entry-text', { hasText: 'into the void' }).count()).toBe(1);
  });
});
