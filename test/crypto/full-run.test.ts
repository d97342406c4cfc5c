/** SEC-2: after all that can be said has been said through the service as it is composed, no table and no file has a word of it. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTables } from '#server/adapters';
import { buildApp } from '#server/app';
import { createEmbeddedIssuer } from '#server/auth/embedded-issuer';
import { compose } from '#server/compose';
import { readConfig } from '#server/config';
import { createLogger } from '#server/logging';
import type { Item, ScannableTable } from '#table/port';

let folder: string;
const said: string[] = [];
/** A text that nobody else would write, of words that are found wherever they are cut out of it. */
const say = (length = 0): string => {
  const text = `quokka${said.length}zephyr `.repeat(Math.max(1, Math.ceil(length / 15))).trim();
  said.push(text);
  return text;
};
let items: readonly Item[];
let raw: Buffer;

const scan = async (table: ScannableTable): Promise<Item[]> => {
  const found: Item[] = [];
  for (let page = await table.scan({}); ; page = await table.scan({ start: page.next })) {
    found.push(...page.items);
    if (page.next === undefined) return found;
  }
};

const bytesBelow = async (path: string): Promise<Buffer> => {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-full-run-'));
  const config = readConfig({ PARLEY_DATA: folder, PORT: '0' });
  const logger = createLogger('silent');
  const composition = await compose(config, logger);
  const issuer = await createEmbeddedIssuer(Date.now);
  const app = await buildApp({
    ...composition,
    verify: issuer.verify,
    issuer,
    signIn: () => ({ sign_in: 'embedded', people: [] }),
    rateLimits: { perUser: 100_000, perAddress: 100_000 },
    logger,
    now: Date.now,
    random: Math.random,
    randomUuid: randomUUID,
  });
  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    token: string,
    body?: object,
  ) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await app.inject({ method, url, headers, ...(body && { payload: body }) });
    if (answer.statusCode >= 400) throw new Error(`${method} ${url}: ${answer.statusCode} ${answer.body}`);
    return /^application\/json/.test(String(answer.headers['content-type'])) ? answer.json() : answer.body;
  };
  const people = ['ada', 'bob', 'cat'];
  const tokens = await Promise.all(
    people.map(async (handle) => (await ask('POST', '/v1/dev/sign-in', '', { handle })).access_token as string),
  );
  const [ada = '', bob = '', cat = ''] = tokens;
  const { uuid: direct } = await ask('POST', '/v1/conversations', ada, { handles: ['bob'] });
  const { uuid: group } = await ask('POST', '/v1/conversations', ada, { handles: ['bob', 'cat'], title: 'Group' });
  for (const conversation of [direct, group]) {
    const messages = `/v1/conversations/${conversation}/messages`;
    for (const token of [ada, bob]) {
      await ask('POST', messages, token, { message: say() });
      await ask('POST', messages, token, { message: say(400) });
    }
    const { seq } = await ask('POST', messages, ada, { message: say(), reply_to: 1 });
    await ask('PATCH', `${messages}/${seq}`, ada, { message: say(3_000) });
    const last = await ask('POST', messages, ada, { message: say(200) });
    await ask('DELETE', `${messages}/${last.seq}`, ada);
    await ask('PUT', `${messages}/${seq}/reactions/%F0%9F%91%8D`, bob);
    await ask('PUT', `/v1/conversations/${conversation}/read`, bob, { seq });
    await ask('POST', '/api/messages', bob, { message: say(), message_group_uuid: conversation });
  }
  await ask('DELETE', `/v1/conversations/${group}/participants/cat`, cat);
  await ask('POST', '/api/messages', cat, { message: say(150), handle: 'ada' });
  // All that is shown is read, so that whatever is kept of it is kept.
  for (const token of tokens) {
    await ask('GET', '/v1/me/export', token);
    await ask('GET', '/v1/conversations', token);
  }
  await ask('GET', `/v1/conversations/${group}/messages?limit=100`, ada);
  const newest = said.at(-1) ?? '';
  for (let tries = 0; ; tries += 1) {
    const { conversations } = await ask('GET', '/v1/conversations', ada);
    const beginning = newest.slice(0, 100);
    if (conversations.some((row: { last_message: string }) => row.last_message.startsWith(beginning))) break;
    if (tries === 500) throw new Error('the fan-out does not come');
    await setTimeout(20);
  }
  await app.close();
  await composition.stop();
  const tables = await openTables(config);
  items = [...(await scan(tables.main)), ...(await scan(tables.keys))];
  await tables.main.close();
  await tables.keys.close();
  raw = await bytesBelow(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A text's bytes as they might lie somewhere: plain, in two bytes each, and in base64 wherever its groups begin. */
const formsOf = (text: string): readonly Buffer[] => {
  const groups = [0, 1, 2].map((skip) => {
    const whole = Buffer.from(text.slice(skip), 'utf8');
    return Buffer.from(whole.subarray(0, whole.length - (whole.length % 3)).toString('base64'), 'latin1');
  });
  return [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le'), ...groups];
};

describe('after a full run', () => {
  test('[SEC-2] a scan of both tables finds no text, and every stored text is a sealed string', () => {
    expect(said.length).toBeGreaterThan(15);
    const stored = JSON.stringify(items);
    for (const text of said) expect(stored).not.toContain(text.split(' ')[0]);
    expect(stored).not.toMatch(/quokka|zephyr/);
    const texts = items.flatMap(({ message, preview, last_message }) => [message, preview, last_message]);
    const sealed = texts.filter((text) => text !== undefined);
    expect(sealed.length).toBeGreaterThan(15);
    for (const text of sealed) expect(text).toMatch(/^2\.1\.[\w-]{11}\.[\w-]{38,}$/);
    // The scan can find: the previews of all long texts are there, and so is what is not a text.
    expect(items.filter(({ preview }) => preview !== undefined).length).toBeGreaterThan(4);
    expect(stored).toContain('"ada"');
  });

  test('[SEC-2] the raw files hold no text, in no encoding, free pages and change feed included', () => {
    // The search can find: names are there in clear.
    expect(raw.includes('ada')).toBe(true);
    for (const text of said) {
      const word = text.split(' ')[0] ?? '';
      for (const form of formsOf(word)) expect(raw.includes(form)).toBe(false);
    }
    for (const word of ['quokka', 'zephyr']) expect(raw.includes(word)).toBe(false);
  });
});
