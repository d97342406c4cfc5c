/** Issue by issue what a person can do: two people in two browsers, one at a desk and one on a phone. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, noBrowser } from './support/browser.ts';
import {
  choose,
  composer,
  entry,
  eventually,
  openApp,
  openRow,
  phone,
  row,
  send,
  shownLog,
  signIn,
} from './support/page.ts';
import { openWith, type Person, person, say } from './support/people.ts';
import { leaveProfiles } from './support/profiles.ts';
import { startServer, type TestServer } from './support/server.ts';

describe.skipIf(noBrowser !== undefined)(`the web app (${noBrowser ?? 'in Chromium'})`, () => {
  let server: TestServer;
  let browser: Browser;
  let ana: Person;
  let ben: Person;
  let chiara: Person;

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    ana = await person(server.url, 'ana', 'Ana Torres');
    ben = await person(server.url, 'ben', 'Ben Köhler');
    chiara = await person(server.url, 'chiara', 'Chiara Conti');
  });
  afterEach(() => leaveProfiles(browser, server.url));
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const openAs = async (handle: string, options = {}): Promise<{ page: Page; faults: string[] }> => {
    const opened = await openApp(browser, server.url, options);
    await signIn(opened.page, handle);
    return opened;
  };

  test('two people in two browsers stay in step: start by handle, send, type, edit, delete, reply, react', async () => {
    const { page: desk, faults } = await openAs('ana');
    const { page: mobile, faults: faultsOfPhone } = await openAs('ben', { viewport: phone, hasTouch: true });

    await desk.getByRole('button', { name: 'New conversation' }).click();
    await desk.getByLabel('Who with').fill('@ben');
    await desk.getByRole('button', { name: 'Start', exact: true }).click();
    await desk.getByText('This is a fresh sheet').waitFor();
    await send(desk, 'Are you coming on Saturday?');
    await entry(desk, 1).waitFor();

    await row(mobile, 'Ana Torres').getByText('Are you coming on Saturday?').waitFor();
    expect(await mobile.title()).toBe('(1) Parley');
    await openRow(mobile, 'Ana Torres');
    await mobile.getByText('New messages').waitFor();
    expect(await mobile.locator('.inbox').isVisible()).toBe(false);
    await desk.locator('.entry-readers', { hasText: 'Read' }).waitFor();

    await composer(mobile).pressSequentially('Ye');
    await desk.getByText('Ben Köhler is writing').waitFor();
    await send(mobile, 'Yes, at eigth');
    await entry(desk, 2).getByText('Yes, at eigth').waitFor();

    await composer(mobile).press('ArrowUp');
    expect(await composer(mobile).inputValue()).toBe('Yes, at eigth');
    await send(mobile, 'Yes, at eight');
    await entry(desk, 2).getByText('Yes, at eight').waitFor();
    await entry(desk, 2).getByText('edited').waitFor();

    await entry(desk, 2).hover();
    const tools = await entry(desk, 2).locator('.entry-tools').boundingBox();
    const time = await entry(desk, 2).locator('time').boundingBox();
    expect((tools?.x ?? 0) + (tools?.width ?? 0)).toBeLessThanOrEqual(time?.x ?? 0);
    await entry(desk, 2).getByRole('button', { name: 'React to message 2' }).click();
    await desk.getByRole('menuitemcheckbox', { name: '🎉' }).click();
    await mobile.getByRole('button', { name: '🎉 1, by Ana Torres' }).click();
    await desk.getByRole('button', { name: '🎉 2' }).waitFor();

    await entry(desk, 2).hover();
    await entry(desk, 2).getByRole('button', { name: 'Reply to message 2' }).click();
    await desk.getByText('Reply to').waitFor();
    await send(desk, 'Good.');
    await entry(mobile, 3)
      .getByText('Ben Köhler: Yes, at eight')
      .or(entry(mobile, 3).getByText('You: Yes, at eight'))
      .waitFor();

    await entry(desk, 3).hover();
    await choose(desk, entry(desk, 3).getByRole('button', { name: 'More for message 3' }), 'Delete');
    await desk.getByRole('button', { name: 'Delete', exact: true }).click();
    await entry(mobile, 3).getByText('This message was deleted.').waitFor();

    await mobile.getByRole('button', { name: 'Back to the conversations' }).click();
    await row(mobile, 'Ana Torres').waitFor();
    expect(await mobile.locator('.conversation').isVisible()).toBe(false);
    expect([...faults, ...faultsOfPhone]).toEqual([]);
  });

  test('a group: made with a title, people added and removed, renamed, left', async () => {
    const { page, faults } = await openAs('chiara');
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByLabel('Who with').fill('ana ben');
    await page.getByLabel('Title of the group').fill('Roof garden');
    await page.getByRole('button', { name: 'Make the group' }).click();
    await page.getByRole('main', { name: 'Roof garden' }).waitFor();

    await choose(page, page.getByRole('button', { name: 'This conversation' }), 'The group and its people');
    await page.getByRole('button', { name: 'Remove Ben Köhler' }).click();
    await page.getByRole('button', { name: 'Remove Ben Köhler' }).waitFor({ state: 'detached' });
    await page.getByLabel('Add somebody').fill('@ben');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('button', { name: 'Remove Ben Köhler' }).waitFor();
    await page.getByLabel('Title', { exact: true }).fill('The roof');
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('main', { name: 'The roof' }).waitFor();
    await page.getByRole('button', { name: 'Leave the group' }).click();
    await page.getByText('Choose a conversation').waitFor();

    await chiara.api.createConversation({ handles: ['ana', 'ben'] });
    await page.locator('.row-name', { hasText: /^Group$/ }).click();
    await page.getByRole('main', { name: 'Group', exact: true }).getByText('Ana Torres, Ben Köhler').waitFor();
    expect(faults).toEqual([]);
  });

  test('mute, archive and its way back, block and unblock', async () => {
    const conversation = await openWith(ana, chiara);
    await say(chiara, conversation, 'Hello from Chiara');
    const { page, faults } = await openAs('ana');
    await openRow(page, 'Chiara Conti');
    const menu = page.getByRole('button', { name: 'This conversation' });

    await choose(page, menu, 'Mute');
    await row(page, 'Chiara Conti').getByTitle('Muted').waitFor();

    await choose(page, menu, 'Archive');
    await row(page, 'Chiara Conti').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    await row(page, 'Chiara Conti').waitFor();
    await page.getByRole('button', { name: /^Inbox/ }).click();
    await say(chiara, conversation, 'A word brings it back');
    await openRow(page, 'Chiara Conti');

    await choose(page, menu, 'The other person');
    await page.getByRole('button', { name: 'Block', exact: true }).click();
    await page.getByRole('button', { name: 'Unblock' }).waitFor();
    await page.keyboard.press('Escape');
    const refused = await openAs('chiara');
    await openRow(refused.page, 'Ana Torres');
    await send(refused.page, 'Are you there?');
    await refused.page.getByText('This person does not take messages from you.').waitFor();
    await refused.page.getByRole('button', { name: 'Discard' }).click();
    await refused.page.locator('[data-send]').waitFor({ state: 'detached' });
    await send(refused.page, 'Hello?');
    await refused.page.getByText('This person does not take messages from you.').waitFor();

    await page.getByRole('button', { name: 'You and this app' }).click();
    await page.getByRole('menuitem', { name: 'Profile and data' }).click();
    await page.getByRole('button', { name: 'Unblock' }).click();
    await page.getByRole('button', { name: 'Unblock' }).waitFor({ state: 'detached' });
    await refused.page.getByRole('button', { name: 'Send again' }).click();
    await refused.page.locator('[data-entry]', { hasText: 'Hello?' }).waitFor();
    expect(faults).toEqual([]);
  });

  test('what is being written is kept per conversation, and over a reload; the counter counts code points', async () => {
    const lea = await person(server.url, 'lea', 'Lea');
    const withBen = await openWith(lea, ben);
    await say(ben, withBen, 'Draft something');
    const withChiara = await openWith(lea, chiara);
    await say(chiara, withChiara, 'And here');
    await say(lea, withChiara, 'I am heer');
    const { page } = await openAs('lea');
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).focus();
    await page.keyboard.press('r');
    await composer(page).fill('half a thought 👋');
    await page.getByText('16/4,096').waitFor();
    await openRow(page, 'Chiara Conti');
    expect(await composer(page).inputValue()).toBe('');
    await row(page, 'Ben Köhler').getByText('Draft:').waitFor();
    await entry(page, 2).waitFor();
    await composer(page).fill('   ');
    await openRow(page, 'Ben Köhler');
    await page.getByText('Reply to Ben Köhler: Draft something').waitFor();
    expect(await row(page, 'Chiara Conti').getByText('Draft:').count()).toBe(0);
    await openRow(page, 'Chiara Conti');
    expect(await composer(page).inputValue()).toBe('');
    await composer(page).press('ArrowUp');
    await composer(page).fill('I am here');
    await page.reload();
    await openRow(page, 'Ben Köhler');
    await page.getByText('Reply to Ben Köhler: Draft something').waitFor();
    expect(await composer(page).inputValue()).toBe('half a thought 👋');
    await ben.api.deleteMessage(withBen.uuid, 1);
    await page.getByText('Reply to Ben Köhler: a deleted message').waitFor();
    await composer(page).press('Escape');
    expect(await composer(page).inputValue()).toBe('half a thought 👋');
    await openRow(page, 'Chiara Conti');
    await page.getByText('Editing your message').waitFor();
    await composer(page).press('Enter');
    await entry(page, 2).getByText('I am here').waitFor();
    await openRow(page, 'Ben Köhler');
    expect(await page.getByText('Reply to').count()).toBe(0);
    await composer(page).fill('x'.repeat(4_097));
    expect(await page.getByRole('button', { name: 'Send' }).getAttribute('aria-disabled')).toBe('true');
    await composer(page).fill('two\nlines');
    await composer(page).press('Shift+Enter');
    expect(await composer(page).inputValue()).toBe('two\nlines\n');
  });

  test('a newcomer is told what to do, on a phone and at a desk, and gets there', async () => {
    const { page: desk, faults } = await openApp(browser, server.url);
    await signIn(desk, 'gwen', 'Gwen');
    await desk.getByText('Your first minute').waitFor();
    await desk.getByRole('main').getByText('@gwen').waitFor();
    await desk.getByRole('button', { name: /Open the Lens/ }).click();
    await desk.locator('.lens[data-status="open"]').waitFor();
    const { page: mobile } = await openApp(browser, server.url, { viewport: phone, hasTouch: true });
    await signIn(mobile, 'gwen');
    await mobile.getByText('yours is @gwen').waitFor();
    await mobile.getByRole('button', { name: 'Start a conversation' }).click();
    await mobile.getByLabel('Who with').fill('ben');
    await mobile.getByRole('button', { name: 'Start', exact: true }).click();
    await mobile.getByText('This is a fresh sheet').waitFor();
    await send(mobile, 'My first line');
    // The other window knows at once, and has nothing more to teach.
    await row(desk, 'Ben Köhler').waitFor();
    await desk.getByText('Your first minute').waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
  });

  test('a conversation is found by its name, by key, and a word that nobody has says so', async () => {
    const hugo = await person(server.url, 'hugo', 'Hugo');
    await say(ben, await openWith(hugo, ben), 'from Ben');
    await say(chiara, await openWith(hugo, chiara), 'from Chiara');
    const { page, faults } = await openAs('hugo');
    await row(page, 'Ben Köhler').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('kohl');
    await row(page, 'Chiara Conti').waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('main', { name: 'Ben Köhler' }).waitFor();
    const find = page.getByRole('searchbox', { name: 'Find a conversation' });
    await find.fill('nobody');
    await page.getByText('No conversation here has that name.').waitFor();
    await find.press('Escape');
    expect(await find.inputValue()).toBe('');
    await row(page, 'Chiara Conti').waitFor();
    await page.getByRole('main', { name: 'Ben Köhler' }).waitFor();
    expect(faults).toEqual([]);
  });

  test('a short log is drawn whole from its first entry', async () => {
    const ines = await person(server.url, 'ines', 'Ines');
    const conversation = await openWith(ines, ben);
    await say(ines, conversation, ...Array.from({ length: 12 }, (_, n) => `${n}`));
    const { page } = await openAs('ines');
    await openRow(page, 'Ben Köhler');
    await entry(page, 12).waitFor();
    expect(
      await eventually(
        async () => (await shownLog(page)).length,
        (length) => length === 12,
      ),
    ).toBe(12);
  });

  test('the page’s Back and the browser’s are one: neither leads back into what was left', async () => {
    await say(ben, await openWith(ana, ben), 'Come in');
    const { page } = await openAs('ana', { viewport: phone, hasTouch: true });
    const steps = (): Promise<number> => page.evaluate(() => history.length);
    await openRow(page, 'Ben Köhler');
    await page.goBack();
    await row(page, 'Ben Köhler').waitFor();
    expect(await page.locator('.conversation').isVisible()).toBe(false);
    await openRow(page, 'Ben Köhler');
    const before = await steps();
    await page.getByRole('button', { name: 'Back to the conversations' }).click();
    await row(page, 'Ben Köhler').waitFor();
    expect(await steps()).toBe(before);
    expect(new URL(page.url()).pathname).toBe('/');
    await page.goForward();
    await page.getByRole('main', { name: 'Ben Köhler' }).waitFor();
    // Opened by its address there is no list before it: Back still leads there.
    await page.goto('about:blank');
    await page.goto(`${server.url}/c/${(await openWith(ana, ben)).uuid}`);
    await page.getByRole('button', { name: 'Back to the conversations' }).click();
    await row(page, 'Ben Köhler').waitFor();
  });

  test('many new messages: the end is shown, and one press leads to the first of them', async () => {
    const emil = await person(server.url, 'emil', 'Emil');
    const conversation = await openWith(emil, ben);
    await Promise.all(Array.from({ length: 90 }, (_, n) => say(ben, conversation, `Line ${n}`)));
    const { page } = await openAs('emil');
    await openRow(page, 'Ben Köhler');
    await entry(page, 90).waitFor();
    await page.getByRole('button', { name: '90 new' }).click();
    await page.getByText('New messages').waitFor();
    await entry(page, 1).waitFor();
    await page.getByRole('button', { name: '90 new' }).waitFor({ state: 'detached' });
  });

  test('everything of mine as one file; then erased, after a confirmation in my own hand', async () => {
    const fred = await person(server.url, 'fred', 'Fred');
    await say(fred, await openWith(fred, ben), 'to be taken along');
    const { page } = await openAs('fred');
    await page.getByRole('button', { name: 'You and this app' }).click();
    await page.getByRole('menuitem', { name: 'Profile and data' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export my data' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('parley-fred.jsonl');
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line)).length).toBeGreaterThan(1);
    expect(lines.join('')).toContain('to be taken along');

    await page.getByRole('button', { name: 'Erase me…' }).click();
    const erase = page.getByRole('button', { name: 'Erase me for good' });
    expect(await erase.isDisabled()).toBe(true);
    await page.getByRole('textbox').fill('fred');
    await erase.click();
    await page.getByRole('button', { name: 'Come in', exact: true }).waitFor();
    await eventually(
      () =>
        ben.api.user('fred').then(
          () => 'there',
          (error: { code: string }) => error.code,
        ),
      (seen) => seen === 'not_found',
    );
  });

  test('the profile is changed, and marked-unread messages are unread again', async () => {
    const dora = await person(server.url, 'dora', 'Dora');
    await say(ben, await openWith(ben, dora), 'one', 'two', 'three');
    const { page } = await openAs('dora');
    await openRow(page, 'Ben Köhler');
    await eventually(
      () => page.title(),
      (title) => title === 'Parley',
    );
    await entry(page, 2).focus();
    await page.keyboard.press('u');
    await page.getByText('Marked unread.').waitFor();
    // Still on the screen, and still unread.
    expect(
      await eventually(
        () => page.title(),
        (title) => title === '(2) Parley',
      ),
    ).toBe('(2) Parley');
    await page.waitForTimeout(1_000);
    expect((await dora.api.conversations()).conversations[0]?.unread).toBe(2);

    await page.getByRole('button', { name: 'You and this app' }).click();
    await page.getByRole('menuitem', { name: 'Profile and data' }).click();
    await page.getByLabel('Handle').fill('ben');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('This handle is taken.').waitFor();
    await page.getByLabel('Handle').fill('dora_b');
    await page.getByLabel('Name', { exact: true }).fill('Dora B');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Your profile is changed.').waitFor();
    expect((await dora.api.me()).display_name).toBe('Dora B');
  });

  test('what was archived before is in the archive after a reload', async () => {
    const noor = await person(server.url, 'noor_a', 'Noor');
    const conversation = await openWith(noor, ben);
    await say(noor, conversation, 'put away');
    // Once the message is in the row: coming later, it would bring the row back.
    await eventually(
      async () => (await noor.api.conversations()).conversations[0]?.last_seq,
      (seq) => seq === 1,
    );
    await noor.api.updateConversation(conversation.uuid, { archived: true });
    const { page } = await openAs('noor_a');
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    await row(page, 'Ben Köhler').waitFor();
  });

  test('everything is read, and the messages come first: no line says that they are new', async () => {
    const gil = await person(server.url, 'gil', 'Gil');
    const conversation = await openWith(ben, gil);
    await say(ben, conversation, 'one', 'two', 'three');
    await gil.api.markRead(conversation.uuid, { seq: 3 });
    const { page } = await openAs('gil');
    await page.route(/\/v1\/conversations(\?|\/[^/]+$)/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    await page.goto(`${server.url}/c/${conversation.uuid}`);
    await entry(page, 3).waitFor();
    await row(page, 'Ben Köhler').waitFor();
    expect(await page.getByText('New messages').count()).toBe(0);
  });

  test('an edit that does not get through stays in the field', async () => {
    const hal = await person(server.url, 'hal', 'Hal');
    await say(hal, await openWith(ben, hal), 'one');
    const { page } = await openAs('hal');
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).waitFor();
    await composer(page).press('ArrowUp');
    await page.route('**/messages/1', (route) => route.abort());
    await send(page, 'one, and a long afterthought');
    await page.getByText('The message stays as it was.').waitFor();
    expect(await composer(page).inputValue()).toBe('one, and a long afterthought');
    const notice = await page.locator('.notice').boundingBox();
    const mode = await page.locator('.composer-mode').boundingBox();
    expect((notice?.y ?? 0) + (notice?.height ?? 0)).toBeLessThanOrEqual(mode?.y ?? 0);
  });

  test('after the sign-out nothing of one person is left to the next: title, what was said aloud, a late renewal', async () => {
    const ida = await person(server.url, 'ida', 'Ida');
    const conversation = await openWith(ben, ida);
    await say(ben, conversation, 'one');
    await say(chiara, await openWith(chiara, ida), 'unread');
    const { page } = await openAs('ida');
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).waitFor();
    await say(ben, conversation, 'for your eyes only');
    await page.locator('[data-announcer]', { hasText: 'for your eyes only' }).waitFor({ state: 'attached' });
    const own = await page.evaluate(() => JSON.parse(sessionStorage.getItem('parley.embedded') ?? '{}').token);
    let answered = 0;
    await page.route('**/v1/conversations?**', async (route) => {
      if (route.request().headers().authorization !== `Bearer ${own}`) return route.continue();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      answered += 1;
      await route.fulfill({ status: 401, body: '' });
    });
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByLabel('Who with').fill('@ana');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText('This is a fresh sheet').waitFor();
    await page.getByRole('button', { name: 'You and this app' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Come in', exact: true }).waitFor();
    expect(await page.title()).toBe('Parley');
    await signIn(page, 'ben');
    expect(await page.locator('[data-announcer]').textContent()).not.toContain('for your eyes only');
    await eventually(
      async () => answered,
      (count) => count > 0,
    );
    await page.waitForTimeout(2_000);
    expect(await page.locator('.inbox').count()).toBe(1);
    expect(await page.evaluate(() => JSON.parse(sessionStorage.getItem('parley.embedded') ?? '{}').handle)).toBe('ben');
  });

  /** Requests of this method to `path` take this much longer. */
  const slow = async (page: Page, ms: number, method: string, path: string): Promise<void> => {
    await page.route(path, async (route) => {
      if (route.request().method() === method) await new Promise((resolve) => setTimeout(resolve, ms));
      await route.continue();
    });
  };

  test('what I send comes on the screen, wherever I was reading', async () => {
    const jon = await person(server.url, 'jon', 'Jon');
    const conversation = await openWith(ben, jon);
    await say(ben, conversation, ...Array.from({ length: 40 }, (_, n) => `line ${n + 1}`));
    await jon.api.markRead(conversation.uuid, { seq: 40 });
    const { page } = await openAs('jon');
    await openRow(page, 'Ben Köhler');
    await entry(page, 40).waitFor();
    await page.locator('[data-log]').evaluate((log) => log.scrollTo(0, 100));
    await page.getByRole('button', { name: /below$/ }).waitFor();
    await send(page, 'from further up');
    await page.locator('[data-entry="41"]', { hasText: 'from further up' }).waitFor();
    await page.getByRole('button', { name: /below$|Latest/ }).waitFor({ state: 'detached' });
  });

  test('an answer that comes late takes nobody away from where they have gone meanwhile', async () => {
    const kim = await person(server.url, 'kim', 'Kim');
    const withBen = await openWith(ben, kim);
    await say(ben, withBen, 'one');
    await say(chiara, await openWith(chiara, kim), 'two');
    const { page } = await openAs('kim');
    await openRow(page, 'Chiara Conti');
    await slow(page, 600, 'PATCH', '**/v1/conversations/*');
    await choose(page, page.getByRole('button', { name: 'This conversation' }), 'Archive');
    await openRow(page, 'Ben Köhler');
    await page.getByText('Archived. A new message brings it back.').waitFor();
    expect(new URL(page.url()).pathname).toBe(`/c/${withBen.uuid}`);

    await slow(page, 600, 'POST', '**/v1/conversations');
    const answer = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByLabel('Who with').fill('ana');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.keyboard.press('Escape');
    await (await answer).finished();
    await page.waitForTimeout(300);
    expect(new URL(page.url()).pathname).toBe(`/c/${withBen.uuid}`);
  });

  test('the dialog for a date goes with the conversation that it was opened over', async () => {
    const lou = await person(server.url, 'lou', 'Lou');
    await say(ben, await openWith(ben, lou), 'one');
    await say(chiara, await openWith(chiara, lou), 'two');
    const { page } = await openAs('lou');
    await openRow(page, 'Chiara Conti');
    await page.getByRole('button', { name: 'Jump to a date' }).click();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await page.getByText('Choose a conversation').waitFor();
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  test('a reply shows what it answers while it is on its way, so that nothing moves when it is in the log', async () => {
    const mia = await person(server.url, 'mia', 'Mia');
    await say(ben, await openWith(ben, mia), 'Which of the two?');
    const { page } = await openAs('mia');
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).focus();
    await page.keyboard.press('r');
    await slow(page, 1_500, 'POST', '**/messages');
    await send(page, 'The second');
    const waiting = page.locator('[data-send="pending"]');
    await waiting.getByText('Ben Köhler: Which of the two?').waitFor();
    const before = (await waiting.boundingBox())?.height;
    await entry(page, 2).waitFor();
    expect((await entry(page, 2).boundingBox())?.height).toBe(before);
  });

  test('in a large group some of those who have read are named, and the rest counted', async () => {
    const handles = Array.from({ length: 6 }, (_, n) => `reader_${n}`);
    const readers = await Promise.all(handles.map((handle, n) => person(server.url, handle, `Reader ${n}`)));
    const pat = await person(server.url, 'pat', 'Pat');
    const group = await pat.api.createConversation({ handles, title: 'The large group' });
    await say(pat, group, 'Read this');
    for (const reader of readers) await reader.api.markRead(group.uuid, { seq: 2 });
    const { page } = await openAs('pat');
    await openRow(page, 'The large group');
    const line = page.locator('.entry-readers');
    expect(
      await eventually(
        async () => (await line.textContent()) ?? '',
        (text) => text.endsWith('others'),
      ),
    ).toMatch(/^Read by Reader \d, Reader \d, Reader \d and 3 others$/);
    for (const { user } of readers) expect(await line.getAttribute('title')).toContain(user.display_name);
  });

  test('an address is a link from its first letter to its last', async () => {
    const oda = await person(server.url, 'oda', 'Oda');
    await say(
      ben,
      await openWith(ben, oda),
      'See https://example.org/wiki/Log_(paper) (or https://example.org/log), Https://example.org/capital. Not javascript:alert(1)',
    );
    const { page } = await openAs('oda');
    await openRow(page, 'Ben Köhler');
    await entry(page, 1).waitFor();
    expect(await entry(page, 1).getByRole('link').allTextContents()).toEqual([
      'https://example.org/wiki/Log_(paper)',
      'https://example.org/log',
      'Https://example.org/capital',
    ]);
  });

  test('a conversation that is not mine, or is none, says so and nothing else', async () => {
    const { page } = await openAs('ana');
    await page.goto(`${server.url}/c/00000000-0000-5000-8000-000000000000`);
    await page.getByText('There is no conversation here, or none that you are part of.').waitFor();
    await page.getByRole('main', { name: 'No conversation' }).waitFor();
    expect(await page.getByRole('button', { name: /^(This conversation|Jump to a date)$/ }).count()).toBe(0);
    expect(await composer(page).count()).toBe(0);
    expect(await shownLog(page)).toEqual([]);
  });
});
