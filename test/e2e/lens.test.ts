/** The Lens: what a click costs, pattern by pattern, and the table behind the conversation. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, noBrowser } from './support/browser.ts';
import { desktop, entry, eventually, openApp, openRow, row, send, signIn } from './support/page.ts';
import { openWith, person, say } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

describe.skipIf(noBrowser !== undefined)(`the Lens (${noBrowser ?? 'in Chromium'})`, () => {
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  let conversation: string;

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    const ana = await person(server.url, 'ana', 'Ana Torres');
    const ben = await person(server.url, 'ben', 'Ben Köhler');
    const opened = await openWith(ana, ben);
    conversation = opened.uuid;
    await say(ben, opened, 'a secret between us');
    ({ page } = await openApp(browser, server.url));
    await signIn(page, 'ana');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const requests = (pattern: string) => page.locator(`.lens-requests [data-pattern="${pattern}"]`);
  const total = (name: string): Promise<string | null> =>
    page.locator('.lens-totals > div', { hasText: name }).locator('dd').textContent();

  test('is off until asked for, one key away, and loads nothing before', async () => {
    expect(await page.locator('.lens').count()).toBe(0);
    await row(page, 'Ben Köhler').waitFor();
    await page.keyboard.press('l');
    await page.locator('.lens[data-status="open"]').waitFor();
    await page.keyboard.press('l');
    await page.locator('.lens').waitFor({ state: 'detached' });
    await page.keyboard.press('Alt+l');
    await page.locator('.lens[data-status="open"]').waitFor();
  });

  test('shows each pattern with operation, index, key condition, items, units and source', async () => {
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).waitFor();
    const a = requests('listMessages').first();
    await a.waitFor();
    expect(await a.getAttribute('data-letter')).toBe('A');
    await send(page, 'What does it cost?');
    const c = requests('appendEntry').first();
    await c.waitFor();
    expect(await c.locator('.letter').textContent()).toBe('C');
    expect(await c.textContent()).toContain(`pk = "MSG#${conversation}"`);
    expect(await c.textContent()).toContain('PutItem');
    expect(await c.locator('b').textContent()).toBe('1 W');
    expect(await c.textContent()).toContain('table');
    await requests('updateMessageGroup').nth(1).waitFor();
    const d = requests('updateMessageGroup').first();
    expect(await d.locator('b').textContent()).toBe('3 W');
    // On the smallest screen the cost does not stand on the name.
    await page.setViewportSize({ width: 320, height: 800 });
    const meet = await d.evaluate((request) => {
      const name = request.querySelector('strong')?.getBoundingClientRect();
      const cost = request.querySelector('b')?.getBoundingClientRect();
      return name === undefined || cost === undefined || (name.right > cost.left && name.bottom > cost.top);
    });
    expect(meet).toBe(false);
    await page.setViewportSize(desktop);
    await page.reload();
    await page.locator('.lens[data-status="open"]').waitFor();
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await page.goto(server.url);
    await row(page, 'Ben Köhler').waitFor();
  });

  test('adds up, prices a million of each, and says whose prices', async () => {
    await openRow(page, 'Ben Köhler');
    await page.locator('.lens[data-status="open"]').waitFor();
    await page.getByRole('button', { name: 'Reset' }).click();
    await send(page, 'And this?');
    await requests('updateMessageGroup').nth(1).waitFor();
    await page.getByRole('tab', { name: 'Patterns' }).click();
    const append = page.getByRole('row', { name: /appendEntry/ });
    // One write unit: $0.625 a million. A participant's row: three, $1.88.
    expect(await append.textContent()).toContain('$0.625');
    expect(await page.getByRole('row', { name: /updateMessageGroup/ }).textContent()).toContain('$1.88');
    expect(Number(await total('writes'))).toBeGreaterThanOrEqual(7);
    await page.getByText('Amazon DynamoDB on-demand, us-east-1').waitFor();
    await page.getByText('since 1 November 2024').waitFor();
  });

  test('draws the table and its index, lights what was written, and shows items as stored', async () => {
    await page.getByRole('tab', { name: 'Table' }).click();
    const partition = page.locator('.partition', { has: page.locator(`[title="MSG#${conversation}"]`) });
    await partition.waitFor();
    const before = await partition.locator('.cell').count();
    await send(page, 'one more');
    await partition.locator('.cell.lit').waitFor();
    expect(
      await eventually(
        () => partition.locator('.cell').count(),
        (count) => count > before,
      ),
    ).toBe(before + 1);
    await page.getByText('The index').waitFor();
    const index = page.locator('.drawing section').nth(1);
    expect(await index.locator('.partition').count()).toBe(2);
    await partition.locator('.cell').nth(1).click();
    const stored = page.locator('.item');
    await stored.getByText('000000000001').waitFor();
    expect(await stored.textContent()).toContain('user_uuid');
    expect(await stored.textContent()).not.toContain('secret');
  });

  test('is not there where the server has none', async () => {
    const other = await openApp(browser, 'about:blank');
    await other.page.route('**/v1/config', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ json: { ...(await answer.json()), lens: false } });
    });
    await other.page.goto(server.url);
    await signIn(other.page, 'ana');
    await openRow(other.page, 'Ben Köhler');
    await other.page.keyboard.press('Alt+l');
    expect(await other.page.getByRole('button', { name: 'The Lens' }).count()).toBe(0);
    expect(await other.page.locator('.lens').count()).toBe(0);
  });
});
