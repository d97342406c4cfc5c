/** For everybody: axe on every screen, the keyboard alone, what a screen reader is told, any width, less motion. */
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, noBrowser } from './support/browser.ts';
import {
  choose,
  composer,
  desktop,
  entry,
  eventually,
  openApp,
  openRow,
  phone,
  row,
  send,
  signIn,
} from './support/page.ts';
import { openWith, type Person, person, say } from './support/people.ts';
import { leaveProfiles } from './support/profiles.ts';
import { startServer, type TestServer } from './support/server.ts';

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** Every violation of WCAG 2.2 A and AA, of whatever impact, and of what axe calls best practice when serious. */
const violations = async (page: Page): Promise<string[]> => {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  // What fades in just now, or comes in while axe looks, has half its colours: axe sees each as it will stand.
  await page.evaluate(() => {
    const still = new CSSStyleSheet();
    still.replaceSync('*, ::before, ::after { animation: none !important; transition: none !important; }');
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
  });
  const result = await page.evaluate<AxeResult>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })",
  );
  await page.evaluate(() => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.slice(0, -1);
  });
  return result.violations
    .filter(({ id, impact }) => impact === 'serious' || impact === 'critical' || !bestPracticeOnly.has(id))
    .flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id} (${impact}): ${html.slice(0, 160)} ${failureSummary}`),
    );
};
/** Advice that is no part of WCAG. */
const bestPracticeOnly = new Set(['region', 'heading-order', 'landmark-one-main', 'page-has-heading-one']);

describe.skipIf(noBrowser !== undefined)(`the web app for everybody (${noBrowser ?? 'in Chromium'})`, () => {
  let server: TestServer;
  let browser: Browser;
  let ana: Person;
  let ben: Person;
  const long = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(3);

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    ana = await person(server.url, 'ana', 'Ana Torres');
    ben = await person(server.url, 'ben', 'Ben Köhler');
    const noor = await person(server.url, 'noor', 'نور حداد');
    const conversation = await openWith(ana, ben);
    await say(ben, conversation, 'Are you coming?', long, '🎉');
    await say(ana, conversation, 'Yes. https://example.com/a/very/long/address', 'At eight.');
    await ana.api.addReaction(conversation.uuid, 1, '👍');
    await ana.api.sendMessage(conversation.uuid, { message: 'An answer', reply_to: 1 });
    await ana.api.deleteMessage(conversation.uuid, 5);
    await say(noor, await openWith(noor, ana), 'مرحبا، كيف حالك؟ (ok)');
    await ana.api.createConversation({ handles: ['ben', 'noor'], title: `Roof garden 🌱 ${long}`.slice(0, 100) });
  });
  afterEach(() => leaveProfiles(browser, server.url));
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const openAna = async (options: BrowserContextOptions = {}): Promise<Page> => {
    const { page } = await openApp(browser, server.url, options);
    await signIn(page, 'ana');
    return page;
  };

  test.each([
    ['light', desktop],
    ['dark', phone],
  ] as const)(
    'axe finds nothing on any screen: %s, %o',
    async (colorScheme, viewport) => {
      const { page } = await openApp(browser, server.url, { colorScheme, viewport });
      const found: string[] = [];
      const look = async (screen: string): Promise<void> => {
        found.push(...(await violations(page)).map((violation) => `${screen}: ${violation}`));
      };
      await page.getByRole('button', { name: 'Come in', exact: true }).waitFor();
      await look('sign-in');
      await signIn(page, 'ana');
      await row(page, 'Ben Köhler').waitFor();
      await look('inbox');
      await page.getByRole('button', { name: 'Archive', exact: true }).click();
      await look('empty archive');
      await page.getByRole('button', { name: /^Inbox/ }).click();
      await page.getByRole('button', { name: 'New conversation' }).click();
      await page.getByLabel('Who with').fill('ben noor');
      await look('new conversation');
      await page.keyboard.press('Escape');
      const me = page.getByRole('button', { name: 'You and this app' });
      await me.click();
      await look('own menu');
      await page.getByRole('menuitem', { name: 'Profile and data' }).click();
      await look('profile');
      await page.getByRole('button', { name: 'Erase me…' }).click();
      await look('erase');
      await page.keyboard.press('Escape');
      await me.click();
      await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click();
      await look('shortcuts');
      await page.keyboard.press('Escape');
      await openRow(page, 'Ben Köhler');
      await entry(page, 6).focus();
      await look('conversation');
      await page.getByRole('button', { name: 'The Lens' }).click();
      await page.locator('.lens[data-status="open"]').waitFor();
      await send(page, 'seen through the Lens');
      await page.locator('[data-letter="C"]').waitFor();
      await look('Lens, requests');
      await page.getByRole('tab', { name: 'Patterns' }).click();
      await look('Lens, patterns');
      await page.getByRole('tab', { name: 'Table' }).click();
      await page.locator('.cell').first().waitFor();
      await look('Lens, table');
      expect(found).toEqual([]);
    },
    40_000,
  );

  test.each([
    ['light', desktop],
    ['dark', desktop],
    ['dark', phone],
  ] as const)('axe finds nothing where a newcomer begins: %s, %o', async (colorScheme, viewport) => {
    const { page } = await openApp(browser, server.url, { colorScheme, viewport });
    await signIn(page, 'newcomer', 'Newcomer');
    await page.getByText('Nobody has written yet.').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test('the keyboard alone: sign in, find a conversation, write, edit, reply, react, delete, leave', async () => {
    const { page } = await openApp(browser, server.url);
    await page.getByRole('textbox', { name: 'Handle', exact: true }).focus();
    await page.keyboard.type('ana');
    await page.keyboard.press('Enter');
    await row(page, 'Ben Köhler').waitFor();
    await page.keyboard.press('i');
    for (let step = 0; step < 3; step++) {
      if (await row(page, 'Ben Köhler').evaluate((link) => link === document.activeElement)) break;
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    await entry(page, 1).waitFor();
    await page.keyboard.press('c');
    await page.keyboard.type('by key');
    await page.keyboard.press('Enter');
    const mine = page.locator('.entry.mine', { hasText: 'by key' });
    await mine.and(page.locator('[data-entry]')).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.type(' alone');
    await page.keyboard.press('Enter');
    await mine.getByText('by key alone').waitFor();

    await page.keyboard.press('Escape');
    await page.keyboard.press('End');
    const seq = Number(await mine.getAttribute('data-entry'));
    await eventually(
      () => page.evaluate(() => document.activeElement?.getAttribute('data-entry')),
      (focused) => focused === String(seq),
    );
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await mine.getByRole('button', { name: '❤️ 1, by you' }).waitFor();

    await mine.focus();
    await page.keyboard.press('r');
    await page.keyboard.type('to myself');
    await page.keyboard.press('Enter');
    await entry(page, seq + 1)
      .getByText('to myself')
      .waitFor();
    await entry(page, seq + 1).focus();
    await page.keyboard.press('Delete');
    await page.keyboard.press('Enter');
    await entry(page, seq + 1)
      .getByText('This message was deleted.')
      .waitFor();

    await page.keyboard.press('?');
    const switchOff = page.getByRole('checkbox', { name: 'Single keys are shortcuts outside text fields' });
    await switchOff.focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('Alt+ArrowDown');
    await page.keyboard.press('Escape');
    await page.getByText('Choose a conversation').waitFor();
  });

  const focused = (page: Page): Promise<string> =>
    page.evaluate(() => {
      const { activeElement } = document;
      return activeElement?.getAttribute('data-entry') ?? activeElement?.textContent ?? '';
    });

  test('what a message holds is reached by key: its links, what it answers, its reactions, any emoji', async () => {
    const pia = await person(server.url, 'pia', 'Pia');
    const conversation = await openWith(ben, pia);
    await say(ben, conversation, ...Array.from({ length: 60 }, (_, n) => `line ${n + 1}`));
    await ben.api.sendMessage(conversation.uuid, { message: 'https://example.org/', reply_to: 20 });
    await ben.api.addReaction(conversation.uuid, 61, '👍');
    const { page } = await openApp(browser, server.url);
    await signIn(page, 'pia');
    await openRow(page, 'Ben Köhler');
    await entry(page, 61).focus();
    const stops: string[] = [];
    for (let step = 0; step < 4; step++) {
      await page.keyboard.press('Tab');
      stops.push(await page.evaluate(() => document.activeElement?.className ?? ''));
    }
    expect(stops).toEqual(['entry-quote', '', 'reaction', 'icon-button']);

    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toBe('❤️');
    await page.keyboard.press('End');
    await page.keyboard.type('🪴');
    await page.keyboard.press('Enter');
    await entry(page, 61).getByRole('button', { name: '🪴 1, by you' }).waitFor();

    await entry(page, 61).locator('.entry-quote').focus();
    await page.keyboard.press('Enter');
    expect(
      await eventually(
        () => focused(page),
        (seq) => seq === '20',
      ),
    ).toBe('20');
  });

  test('the focus goes on when what had it is gone: a notice, a way down, a failed message, a person', async () => {
    const raj = await person(server.url, 'raj', 'Raj');
    const conversation = await openWith(ben, raj);
    await say(ben, conversation, ...Array.from({ length: 40 }, (_, n) => `line ${n + 1}`));
    await raj.api.markRead(conversation.uuid, { seq: 40 });
    await raj.api.createConversation({ handles: ['ben', 'noor'], title: 'Three' });
    const { page } = await openApp(browser, server.url);
    await signIn(page, 'raj');
    await openRow(page, 'Ben Köhler');
    await entry(page, 40).waitFor();
    const isIn = (locator: Locator): Promise<boolean> =>
      eventually(
        () => locator.evaluate((element) => element === document.activeElement),
        (seen) => seen,
      );

    await page.locator('[data-log]').evaluate((log) => log.scrollTo(0, 100));
    await page.getByRole('button', { name: /below$/ }).focus();
    await page.keyboard.press('Enter');
    expect(await isIn(composer(page))).toBe(true);

    await page.route('**/messages', (route) =>
      route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'blocked' }),
      }),
    );
    await send(page, 'refused');
    await page.getByRole('button', { name: 'Discard' }).focus();
    await page.keyboard.press('Enter');
    expect(await isIn(composer(page))).toBe(true);
    await page.unrouteAll();

    await entry(page, 40).focus();
    await page.keyboard.press('u');
    await page.getByText('Marked unread.').waitFor();
    await page.getByRole('button', { name: 'Close this notice' }).focus();
    await page.keyboard.press('Enter');
    expect(await isIn(entry(page, 40))).toBe(true);

    await openRow(page, 'Three');
    await page.getByRole('button', { name: 'This conversation' }).click();
    await page.getByRole('menuitem', { name: 'The group and its people' }).click();
    await page.getByRole('button', { name: 'Remove Ben Köhler' }).press('Enter');
    await page.getByRole('button', { name: 'Remove Ben Köhler' }).waitFor({ state: 'detached' });
    expect(await isIn(page.getByRole('heading', { name: 'The group' }))).toBe(true);
  });

  test('the focus is never lost: over dialogs, between the panes of a phone, with what unmounts under it', async () => {
    const page = await openAna();
    await openRow(page, 'Ben Köhler');
    await entry(page, 4).focus();
    await entry(page, 4).getByRole('button', { name: 'More for message 4' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    // The element itself: closed, it is no dialog to anybody any more, but still about to give the focus back.
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('4');
    const calendar = page.getByRole('button', { name: 'Jump to a date' });
    await calendar.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    expect(await calendar.evaluate((button) => button === document.activeElement)).toBe(true);

    const mobile = await openAna({ viewport: phone });
    await row(mobile, 'Ben Köhler').focus();
    await mobile.keyboard.press('Enter');
    await mobile.getByRole('main', { name: 'Ben Köhler' }).waitFor();
    expect(
      await eventually(
        () => focused(mobile),
        (text) => text === 'Ben Köhler',
      ),
    ).toBe('Ben Köhler');
    await mobile.keyboard.press('Escape');
    expect(
      await eventually(
        () => mobile.evaluate(() => document.activeElement?.getAttribute('data-row')),
        (uuid) => uuid !== null,
      ),
    ).toBe(await row(mobile, 'Ben Köhler').getAttribute('data-row'));
  });

  test.each([
    ['a desk', desktop],
    ['a phone', phone],
  ])('what has the focus can be seen, and nothing lies over it: %s', async (_, viewport) => {
    const page = await openAna({ viewport });
    await openRow(page, 'Ben Köhler');
    await entry(page, 6).waitFor();
    await page.keyboard.press('Alt+l');
    await page.locator('.lens[data-status="open"]').waitFor();
    await composer(page).fill('draft');
    await page.locator('body').evaluate((body) => {
      body.setAttribute('tabindex', '-1');
      body.focus();
      body.removeAttribute('tabindex');
    });
    const hidden: string[] = [];
    const seen = new Set<string>();
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return undefined;
        const { left, top, width, height } = element.getBoundingClientRect();
        const points = [0.1, 0.5, 0.9].flatMap((x) => [0.1, 0.5, 0.9].map((y) => [left + x * width, top + y * height]));
        const free = points.some(([x = 0, y = 0]) => element.contains(document.elementFromPoint(x, y)));
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const around = element.closest('.composer-line');
        const shows = outlineStyle !== 'none' && outlineWidth !== '0px';
        const marked = shows || (around !== null && getComputedStyle(around).boxShadow !== 'none');
        return { name: element.outerHTML.slice(0, 120), free, marked };
      });
      if (at === undefined) break;
      seen.add(at.name);
      if (!at.free || !at.marked) hidden.push(`${at.free ? 'unmarked' : 'covered'}: ${at.name}`);
    }
    expect(hidden).toEqual([]);
    expect(seen.size).toBeGreaterThan(8);
  });

  test('a screen reader hears of new messages, not of history, and of those elsewhere', async () => {
    const page = await openAna();
    const heard: string[] = [];
    await page.exposeFunction('heard', (text: string) => heard.push(text));
    await page.evaluate(() => {
      const live = document.querySelector('[data-announcer]');
      if (live === null) throw new Error('there is no live region');
      const tell = (window as unknown as { heard: (text: string) => void }).heard;
      new MutationObserver(() => tell(live.textContent ?? '')).observe(live, {
        childList: true,
        subtree: true,
        characterData: true,
      });
    });
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).waitFor();
    expect(heard).toEqual([]);
    await say(ben, await openWith(ana, ben), 'News');
    await eventually(
      async () => heard,
      (texts) => texts.length > 0,
    );
    expect(heard).toEqual(['Ben Köhler: News']);
    await openRow(page, 'نور حداد');
    await say(ben, await openWith(ana, ben), 'Elsewhere');
    await eventually(
      async () => heard,
      (texts) => texts.length > 1,
    );
    expect(heard[1]).toBe('New message from Ben Köhler');
    expect(await page.locator('[role="feed"]').getAttribute('aria-live')).toBeNull();
  });

  test('what was said while there was no connection is heard, also when the list knows of it first', async () => {
    const page = await openAna();
    await page.route('**/v1/events', (route) => route.abort());
    await page.reload();
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).waitFor();
    await say(ben, await openWith(ana, ben), 'Said meanwhile');
    await page.route(/\/messages\?/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    await page.unroute('**/v1/events');
    await page.locator('.entry-text', { hasText: 'Said meanwhile' }).waitFor();
    await page.locator('[data-announcer]', { hasText: 'Ben Köhler: Said meanwhile' }).waitFor({ state: 'attached' });
  });

  test('with forced colours the row and the folder that are chosen still differ from the others', async () => {
    const page = await openAna();
    await openRow(page, 'Ben Köhler');
    await page.emulateMedia({ forcedColors: 'active' });
    const edge = (locator: Locator, side: string): Promise<string> =>
      locator.first().evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), side);
    const chosen = await edge(page.locator('.row[aria-current]'), 'border-left-color');
    expect(await edge(page.locator('.row:not([aria-current])'), 'border-left-color')).not.toBe(chosen);
    const pressed = await edge(page.locator('.folders [aria-pressed="true"]'), 'border-bottom-color');
    expect(await edge(page.locator('.folders [aria-pressed="false"]'), 'border-bottom-color')).not.toBe(pressed);
    await page.emulateMedia({ forcedColors: null });
  });

  test('where the text is twice as large, so are the rows of the list, and no button or name is cut off', async () => {
    const page = await openAna();
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    await page.getByRole('button', { name: /^Inbox/ }).click();
    const first = row(page, 'Ben Köhler').first();
    await first.waitFor();
    const inner = (await first.locator('.row-text').boundingBox())?.height ?? 0;
    expect((await first.boundingBox())?.height).toBeGreaterThan(inner + 24);
    await page.setViewportSize(phone);
    const outside = (buttons: Element[]): number =>
      buttons.filter((button) => button.getBoundingClientRect().right > innerWidth).length;
    expect(await page.locator('.inbox-bar button, .folders :is(button, input)').evaluateAll(outside)).toBe(0);
    await openRow(page, 'Roof garden');
    const name = page.getByRole('main', { name: 'Roof garden' }).getByRole('heading');
    const cut = (heading: Element): boolean =>
      heading.scrollWidth > heading.clientWidth || heading.scrollHeight > heading.clientHeight;
    expect(await name.evaluate(cut)).toBe(false);
    expect(await composer(page).isVisible()).toBe(true);
    await choose(page, page.getByRole('button', { name: 'This conversation' }), 'The group and its people');
    expect((await page.getByLabel('Title', { exact: true }).boundingBox())?.width).toBeGreaterThan(150);
  });

  test('from 320 to 2560 px wide nothing is cut off sideways, and there are one pane or two', async () => {
    const page = await openAna();
    const overflow = (): Promise<number> =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    for (const width of [320, 390, 768, 1280, 2560]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(server.url);
      await row(page, 'Ben Köhler').waitFor();
      expect([width, await overflow()]).toEqual([width, 0]);
      await openRow(page, 'Ben Köhler');
      await entry(page, 2).waitFor();
      expect([width, await overflow()]).toEqual([width, 0]);
      const spill = await page
        .locator('.entry-text')
        .evaluateAll((texts) => texts.filter((text) => text.scrollWidth > text.clientWidth + 1).length);
      expect([width, spill]).toEqual([width, 0]);
      await page.goto(server.url);
      await openRow(page, 'Roof garden');
      const meet = await page
        .locator('.entry.system')
        .first()
        .evaluate((system) => {
          const words = document.createRange();
          words.selectNodeContents(system.querySelector('.entry-system') ?? system);
          const time = system.querySelector('time')?.getBoundingClientRect();
          return [...words.getClientRects()].some(
            (line) => time !== undefined && line.right > time.left && line.top < time.bottom && line.bottom > time.top,
          );
        });
      expect([width, meet]).toEqual([width, false]);
      const back = page.getByRole('button', { name: 'Back to the conversations' });
      expect([width, await back.isVisible()]).toEqual([width, width < 720]);
      expect([width, await page.locator('.inbox').isVisible()]).toEqual([width, width >= 720]);
      expect([width, await composer(page).isVisible()]).toEqual([width, true]);
    }
  });

  test('text runs its own way, emoji alone are large, and motion can be left out', async () => {
    const page = await openAna({ reducedMotion: 'reduce' });
    await openRow(page, 'نور حداد');
    const arabic = entry(page, 1).locator('.entry-text');
    expect(await arabic.evaluate((text) => getComputedStyle(text).direction)).toBe('rtl');
    await composer(page).fill('مرحبا');
    expect(await composer(page).evaluate((field) => getComputedStyle(field).direction)).toBe('rtl');
    await composer(page).fill('');
    await openRow(page, 'Ben Köhler');
    await entry(page, 3).locator('.entry-text.emoji').waitFor();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });
});
