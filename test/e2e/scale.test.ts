/** Large numbers: a hundred thousand messages in one conversation, ten thousand conversations in one list. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, noBrowser } from './support/browser.ts';
import { writeHistory } from './support/history.ts';
import { composer, entry, eventually, openApp, row, signIn } from './support/page.ts';
import { openWith, person, say } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

const messages = 100_000;
const conversations = 10_000;
const beginMs = Date.UTC(2024, 0, 1);
const stepMs = 10 * 60_000;
/** What a screen holds, with what is drawn ahead of it; a list that is not virtual holds thousands. */
const drawnMax = 120;

/** The entries that are wholly on the screen, and where: as painted, when what was new has been measured. */
const inView = (page: Page): Promise<{ seq: number; top: number }[]> =>
  page.evaluate(async () => {
    for (let frames = 0; frames < 2; frames++) await new Promise((painted) => requestAnimationFrame(painted));
    const pane = document.querySelector('[data-log]')?.getBoundingClientRect();
    if (pane === undefined) return [];
    return [...document.querySelectorAll('[data-entry]')]
      .map((element) => {
        const { top, bottom } = element.getBoundingClientRect();
        return { seq: Number(element.getAttribute('data-entry')), top: Math.round(top - pane.top), bottom };
      })
      .filter(({ top, bottom }) => top >= 0 && bottom <= pane.bottom)
      .sort((one, other) => one.seq - other.seq)
      .map(({ seq, top }) => ({ seq, top }));
  });

interface Work {
  /** Rows of the list in which anything was changed. */
  readonly rows: number;
  /** Where an array as long as the list was walked. */
  readonly walks: readonly string[];
}

/** Counts, from now on, what is changed in rows, and who walks an array of `longMin` elements or more. */
const watchWork = (page: Page, longMin: number): Promise<void> =>
  page.evaluate((min) => {
    const work = { rows: new Set<Element>(), walks: [] as string[] };
    Object.assign(window, { work });
    new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        const row = element?.closest('.rows li');
        if (row != null) work.rows.add(row);
      }
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
    const walking = ['filter', 'map', 'find', 'findIndex', 'some', 'every', 'reduce', 'forEach', 'indexOf'];
    const prototype = Array.prototype as unknown as Record<string | symbol, (...given: unknown[]) => unknown>;
    for (const name of walking) {
      const own = prototype[name];
      if (own === undefined) continue;
      prototype[name] = function (this: unknown[], ...given: unknown[]) {
        if (this.length >= min) work.walks.push(new Error(String(name)).stack ?? '');
        return own.apply(this, given);
      };
    }
    // A loop may look at the first of them and leave.
    const iterate = Array.prototype[Symbol.iterator];
    Array.prototype[Symbol.iterator] = function* (this: unknown[]) {
      let steps = 0;
      const iterator = iterate.call(this);
      for (let step = iterator.next(); !step.done; step = iterator.next()) {
        steps += 1;
        if (steps === min) work.walks.push(new Error('a loop').stack ?? '');
        yield step.value;
      }
      return undefined;
    };
  }, longMin);

/** What an act costs, with all that it sets off within two frames of being seen. */
const workOf = async (page: Page, act: () => Promise<unknown>): Promise<Work> => {
  await page.evaluate(() => {
    const { work } = window as unknown as { work: { rows: Set<Element>; walks: string[] } };
    work.rows.clear();
    work.walks.length = 0;
  });
  await act();
  return page.evaluate(async () => {
    for (let frames = 0; frames < 2; frames++) await new Promise((painted) => requestAnimationFrame(painted));
    const { work } = window as unknown as { work: { rows: Set<Element>; walks: string[] } };
    return { rows: work.rows.size, walks: work.walks };
  });
};

describe.skipIf(noBrowser !== undefined)(`the web app with much in it (${noBrowser ?? 'in Chromium'})`, () => {
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    const prepare = (data: string): Promise<void> =>
      writeHistory(data, async ({ person, conversation, rows }) => {
        const [ana, ben, list] = [
          await person('ana', 'Ana Torres'),
          await person('ben', 'Ben Köhler'),
          await person('lea', 'Lea'),
        ];
        const text = (seq: number): string => `Line ${seq}${seq % 7 === 0 ? `, ${'longer '.repeat(seq % 40)}` : ''}`;
        await conversation(ana, 'ben', ben, { count: messages, beginMs, stepMs, text });
        await rows(list, conversations);
      });
    [server, browser] = await Promise.all([startServer({ prepare }), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test('100,000 messages: scrolled back without losing the place, jumped to a date and back to the newest', async () => {
    const { page, faults } = await openApp(browser, server.url);
    await signIn(page, 'ana');
    await row(page, 'Ben Köhler').click();
    await entry(page, messages).waitFor();

    for (let times = 0; times < 4; times++) {
      const before = await inView(page);
      const oldest = Math.min(...before.map(({ seq }) => seq));
      await page.locator('[data-log]').evaluate((log) => log.scrollBy(0, -2_500));
      const seen = await eventually(
        () => inView(page),
        (now) => now.length > 0 && (now[0]?.seq ?? oldest) < oldest,
      );
      // What is read stays where it is while older pages come in above.
      const kept = seen[Math.floor(seen.length / 2)];
      await page.waitForTimeout(150);
      const later = (await inView(page)).find(({ seq }) => seq === kept?.seq);
      expect(Math.abs((later?.top ?? Number.NaN) - (kept?.top ?? 0))).toBeLessThanOrEqual(2);
      const seqs = (await inView(page)).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, place) => (seqs[0] ?? 0) + place));
    }
    expect(await page.locator('.log-item').count()).toBeLessThan(drawnMax);

    // Without a connection it waits between two tries, and goes on by itself.
    let asked = 0;
    await page.route('**/messages?**', (route) => {
      asked += 1;
      return route.abort();
    });
    await page.locator('[data-log]').evaluate((log) => log.scrollTo(0, 0));
    await eventually(
      async () => asked,
      (times) => times > 0,
    );
    await page.waitForTimeout(1_000);
    expect(asked).toBeLessThan(5);
    const top = Math.min(...(await inView(page)).map(({ seq }) => seq));
    await page.unroute('**/messages?**');
    const reached = await eventually(
      async () => {
        await page.locator('[data-log]').evaluate((log) => log.scrollTo(0, 0));
        return Math.min(...(await inView(page)).map(({ seq }) => seq));
      },
      (seq) => seq < top,
    );
    expect(reached).toBeLessThan(top);

    await page.locator('[data-log] [data-entry]').last().focus();
    await page.keyboard.press('g');
    await page.getByLabel('Day').fill('2024-06-15');
    await page.getByRole('button', { name: 'Go there' }).click();
    const first = (Date.UTC(2024, 5, 15) - beginMs) / stepMs;
    await entry(page, first).waitFor();
    await page.getByText(/Saturday,? 15 June 2024/).waitFor();
    const shown = async (): Promise<number[]> => (await inView(page)).map(({ seq }) => seq);
    expect(await eventually(shown, (seqs) => seqs.includes(first))).toContain(first);

    await page.getByRole('button', { name: /below/ }).click();
    await entry(page, messages).waitFor();
    expect(await page.locator('.log-item').count()).toBeLessThan(drawnMax);
    expect(faults).toEqual([]);
  });

  test('10,000 conversations: the list draws what is seen, and keys reach the last of them', async () => {
    const { page, faults } = await openApp(browser, server.url);
    await signIn(page, 'lea');
    await row(page, `Person ${conversations}`).focus();
    const loaded = (): Promise<number> =>
      page.locator('.rows').evaluate((list) => Number(list.getAttribute('data-rows')));
    // As somebody does who drags the bar to its end again and again.
    await page.evaluate(() => {
      const list = document.querySelector('.rows');
      const drag = (): void => {
        list?.scrollTo(0, list.scrollHeight);
        if (document.querySelectorAll('[data-dragged]').length === 0) requestAnimationFrame(drag);
      };
      drag();
    });
    for (let before = 0; before < conversations; ) {
      const now = await eventually(loaded, (count) => count > before);
      expect(now).toBeGreaterThan(before);
      before = now;
    }
    await page.evaluate(() => document.body.setAttribute('data-dragged', ''));
    await page.keyboard.press('End');
    await row(page, 'Person 1').first().waitFor();
    expect(await page.locator('.row').count()).toBeLessThan(drawnMax);
    expect(await page.title()).toBe(`(${Math.floor(conversations / 3)}) Parley`);
    await page.keyboard.press('Home');
    await eventually(
      () => page.evaluate(() => document.activeElement?.querySelector('.row-name')?.textContent),
      (name) => name === `Person ${conversations}`,
    );
    await page.keyboard.press('ArrowDown');
    const focused = await eventually(
      () => page.evaluate(() => document.activeElement?.querySelector('.row-name')?.textContent),
      (name) => name === `Person ${conversations - 1}`,
    );
    expect(focused).toBe(`Person ${conversations - 1}`);

    // What an interaction touches must not grow with the list: neither the page nor the arrays behind it.
    const mia = await person(server.url, 'mia', 'Mia');
    const conversation = await openWith(mia, await person(server.url, 'lea', 'Lea'));
    await say(mia, conversation, 'First');
    await row(page, 'Mia').waitFor();
    await watchWork(page, conversations / 2);
    const arrives = await workOf(page, async () => {
      await say(mia, conversation, 'Second');
      await row(page, 'Mia').getByText('Second').waitFor();
    });
    const selects = await workOf(page, async () => {
      await row(page, 'Mia').click();
      await entry(page, 2).waitFor();
      await page.getByText('New messages').waitFor();
      await row(page, 'Mia').locator('.badge').waitFor({ state: 'detached' });
    });
    const types = await workOf(page, () => composer(page).pressSequentially('a word', { delay: 20 }));
    const opens = await workOf(page, async () => {
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
    });
    const lens = await workOf(page, async () => {
      await page.keyboard.press('Alt+l');
      await page.locator('.lens[data-status="open"]').waitFor();
      await page.keyboard.press('Alt+l');
    });
    const scrolls = await workOf(page, async () => {
      await row(page, `Person ${conversations}`).hover();
      await page.mouse.wheel(0, 300);
      await row(page, `Person ${conversations - 12}`).waitFor();
    });
    const all = { arrives, selects, types, opens, lens, scrolls };
    expect(Object.entries(all).filter(([, { walks }]) => walks.length > 0)).toEqual([]);
    expect(arrives.rows).toBeLessThanOrEqual(drawnMax);
    expect(scrolls.rows).toBeLessThanOrEqual(drawnMax);
    // The rows that are left and entered, and the one that moved up.
    expect(selects.rows).toBeLessThanOrEqual(6);
    expect([types.rows, opens.rows, lens.rows]).toEqual([0, 0, 0]);
    expect(faults).toEqual([]);
  });
});
