/**
 * SEC-3 as a reader meets it: whatever stands in the table where a sealed text belongs, the page and the inbox come, the one
 * item says why it cannot be read, all others are whole, and the metrics count it.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Person, type Rig, startRig } from './rig.ts';

let rig: Rig;
let ada: Person;
let bob: Person;
let conversation: string;

beforeEach(async () => {
  rig = await startRig();
  [ada, bob] = [await rig.signIn('ada'), await rig.signIn('bob')];
  conversation = await rig.open(ada, ['bob']);
  for (let n = 1; n <= 5; n += 1) await rig.send(n % 2 === 0 ? bob : ada, conversation, `message ${n}`);
  await rig.until(
    () => rig.ask('GET', '/v1/conversations', { token: bob.token }),
    ({ body }) => body.conversations[0]?.last_seq === 5,
  );
});

afterEach(() => rig.close());

const items = async () => (await rig.table.scan({})).items;
const entry = async (seq: number) => {
  const found = (await items()).find((item) => item.type === 'message' && item.seq === seq);
  if (found === undefined) throw new Error(`no entry ${seq}`);
  return { ...found, message: String(found.message) };
};
const rowOf = async (person: Person) => {
  const found = (await items()).find((item) => item.type === 'inbox_row' && item.user_uuid === person.uuid);
  if (found === undefined) throw new Error('no row');
  return { ...found, last_message: String(found.last_message) };
};

const flipped = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

const counted = async (reason: string): Promise<number> => {
  const { text } = await rig.ask('GET', '/metrics');
  return Number(new RegExp(`^parley_unreadable_texts_total{reason="${reason}"} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
};

/** What somebody who can write to the table does to the sealed text of entry 4, and the reason it is then refused for. */
const hostile: readonly {
  readonly what: string;
  readonly reason: string;
  readonly change: (sealed: string, other: string) => string;
}[] = [
  { what: 'changed', reason: 'tampered', change: (sealed) => flipped(sealed, sealed.length - 8) },
  { what: 'moved here from another entry of its author', reason: 'tampered', change: (_, other) => other },
  { what: 'truncated', reason: 'malformed', change: (sealed) => sealed.slice(0, 30) },
  {
    what: 'said to be under another key',
    reason: 'wrong_key',
    change: (sealed) => sealed.replace(/^2\.1\.[\w-]{11}/, '2.1.AAECAwQFBgc'),
  },
  { what: 'of an unknown version', reason: 'unknown_version', change: (sealed) => sealed.replace(/^2/, '3') },
  {
    what: 'under a key that is gone',
    reason: 'key_gone',
    change: (sealed) => sealed.replace(/^2\.1\./, '2.9.'),
  },
];

test.each(hostile)('[SEC-3] a text $what is $reason: page and inbox come all the same', async ({ reason, change }) => {
  const victim = await entry(4);
  const sealed = change(victim.message, (await entry(2)).message);
  await rig.table.put({ item: { ...victim, message: sealed } });
  const row = await rowOf(ada);
  await rig.table.put({ item: { ...row, last_message: change(row.last_message, (await entry(3)).message) } });
  const before = await counted(reason);

  const page = await rig.ask('GET', `/v1/conversations/${conversation}/messages`, { token: ada.token });
  expect(page.status).toBe(200);
  expect(page.body.messages.map((message: { message?: string; unreadable?: string }) => message.message)).toEqual([
    'message 5',
    undefined,
    'message 3',
    'message 2',
    'message 1',
  ]);
  expect(page.body.messages[1]).toMatchObject({ seq: 4, handle: 'bob', unreadable: reason });
  const inbox = await rig.ask('GET', '/v1/conversations', { token: ada.token });
  expect([inbox.status, inbox.body.conversations]).toMatchObject([
    200,
    [{ uuid: conversation, last_message: '', unreadable: reason, last_seq: 5 }],
  ]);
  expect(await counted(reason)).toBe(before + 2);
  // Whoever's row was left alone reads it.
  const other = await rig.ask('GET', '/v1/conversations', { token: bob.token });
  expect(other.body.conversations[0]).toMatchObject({ last_message: 'message 5' });
  expect(other.body.conversations[0]).not.toHaveProperty('unreadable');
});
