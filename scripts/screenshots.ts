/**
 * Takes the pictures of the main screens, wide and narrow, light and dark, into `docs/images/`: `npm run screenshots`.
 * A server of its own with the sample people, in a folder that is thrown away; nothing of yours is shown.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../test/e2e/support/browser.ts';
import { entry, openApp, openRow, send, signIn } from '../test/e2e/support/page.ts';
import { person } from '../test/e2e/support/people.ts';
import { startServer } from '../test/e2e/support/server.ts';
import build from '../test/support/built.ts';

const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
const wide = { width: 1440, height: 900 };
const narrow = { width: 390, height: 844 };

const take = async (page: Page, name: string): Promise<void> => {
  await page.mouse.move(0, 0);
  // Fonts, pictures and the last animation.
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${folder}${name}.png` });
  process.stdout.write(`docs/images/${name}.png\n`);
};

mkdirSync(folder, { recursive: true });
build();
const server = await startServer({ demo: true });
const browser = await launchBrowser();
try {
  const ben = await person(server.url, 'ben', 'Ben Okafor');
  const { conversations } = await ben.api.conversations();
  const withAna = conversations.find((row) => row.kind === 'direct' && row.other_user_handle === 'ana');
  if (withAna === undefined) throw new Error('the sample has no conversation of Ana and Ben');

  const open = async (options: object): Promise<Page> => {
    const { page } = await openApp(browser, server.url, { deviceScaleFactor: 1.5, ...options });
    return page;
  };

  const first = await open({ viewport: wide, colorScheme: 'light' });
  await first.getByRole('button', { name: 'Come in', exact: true }).waitFor();
  await take(first, 'sign-in-light');
  await signIn(first, 'ana');
  await openRow(first, 'Ben');
  await first.locator('[data-entry]').first().waitFor();
  await ben.api.addReaction(withAna.uuid, withAna.last_seq, '🌿');
  await ben.api.sendMessage(withAna.uuid, { message: 'And the good gloves.', reply_to: withAna.last_seq });
  await entry(first, withAna.last_seq + 1).waitFor();
  await send(first, 'I have both pairs. See you on Saturday 🌱');
  await entry(first, withAna.last_seq + 2).waitFor();
  await take(first, 'conversation-wide-light');

  const newcomer = await open({ viewport: wide, colorScheme: 'light' });
  await signIn(newcomer, 'gwen', 'Gwen');
  await newcomer.getByText('Your first minute').waitFor();
  await take(newcomer, 'first-minute-light');

  const dark = await open({ viewport: wide, colorScheme: 'dark' });
  await signIn(dark, 'ana');
  await dark.locator('.row').first().waitFor();
  await dark.keyboard.press('Alt+l');
  await dark.locator('.lens[data-status="open"]').waitFor();
  await openRow(dark, 'Ben');
  await dark.locator('[data-entry]').first().waitFor();
  await send(dark, 'Eight o’clock, then.');
  await dark.locator('[data-letter="D"]').nth(1).waitFor();
  await take(dark, 'lens-wide-dark');
  await dark.getByRole('tab', { name: 'Table' }).click();
  await dark.locator('.cell').first().waitFor();
  await send(dark, 'Bring the long ladder.');
  await dark.locator('.cell.lit').first().waitFor();
  await take(dark, 'lens-table-dark');

  const phone = await open({ viewport: narrow, colorScheme: 'light', hasTouch: true });
  await signIn(phone, 'ana');
  await phone.locator('.row').first().waitFor();
  await take(phone, 'inbox-narrow-light');
  const night = await open({ viewport: narrow, colorScheme: 'dark', hasTouch: true });
  await signIn(night, 'ana');
  await openRow(night, 'Ben');
  await night.locator('[data-entry]').first().waitFor();
  await take(night, 'conversation-narrow-dark');
} finally {
  await browser.close();
  await server.close();
}
