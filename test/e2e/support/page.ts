/** What a person does in the app, in words; tests say what must be seen. */
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { openProfile } from './profiles.ts';

/** What is waited for comes in a moment; on a busy machine it may take this long. */
const patienceMs = 20_000;

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

/** A browser profile with nothing in it, at the sign-in screen. Faults of the page's scripts and its policy are collected in `faults`. */
export const openApp = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; faults: string[] }> => {
  const page = await openProfile(browser, { viewport: desktop, locale: 'en-GB', timezoneId: 'UTC', ...options });
  page.setDefaultTimeout(patienceMs);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // A refused or failed request is the network's word, not a fault of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults };
};

/** Comes in as somebody who exists, or as somebody new. */
export const signIn = async (page: Page, handle: string, name = ''): Promise<void> => {
  await page.getByRole('textbox', { name: 'Handle', exact: true }).fill(handle);
  if (name !== '') await page.getByRole('textbox', { name: /^Name/ }).fill(name);
  await page.getByRole('button', { name: 'Come in', exact: true }).click();
  await page.locator('.inbox').waitFor();
  await connected(page);
};

export const connected = (page: Page): Promise<void> => page.locator('.connection.open').waitFor();

export const row = (page: Page, name: string): Locator => page.locator('.row', { hasText: name });

/** Opens a conversation from the list and waits for its messages. */
export const openRow = async (page: Page, name: string): Promise<void> => {
  await row(page, name).click();
  await page.getByRole('main', { name }).waitFor();
};

export const composer = (page: Page): Locator => page.locator('#composer');

export const send = async (page: Page, text: string): Promise<void> => {
  await composer(page).fill(text);
  await composer(page).press('Enter');
};

/** The entry at a seq. */
export const entry = (page: Page, seq: number): Locator => page.locator(`[data-entry="${seq}"]`);

/** The texts on the screen with the numbers in their margin, oldest first. */
export const shownLog = (page: Page): Promise<string[]> =>
  page.locator('.log-item').evaluateAll((items) =>
    items
      .map((item) => ({ place: Number(item.getAttribute('data-index')), item }))
      .sort((one, other) => one.place - other.place)
      .map(
        ({ item }) =>
          `${item.querySelector('.entry-seq')?.textContent} ${item.querySelector('.entry-text, .entry-gone, .entry-system')?.firstChild?.textContent}`,
      ),
  );

/** Waits until what `look` sees satisfies `done`, and returns it; after `patienceMs` returns what it sees then. */
export const eventually = async <T>(look: () => Promise<T>, done: (seen: T) => boolean): Promise<T> => {
  const until = Date.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (done(seen) || Date.now() > until) return seen;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
};

/** Opens a menu of an entry, or of the screen, and chooses. */
export const choose = async (page: Page, menu: Locator, item: string): Promise<void> => {
  await menu.click();
  await page.getByRole('menuitem', { name: item }).click();
};
