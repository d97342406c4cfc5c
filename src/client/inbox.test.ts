import { expect, test } from 'vitest';
import type { ConversationsPage, ConversationsQuery, Row } from '#protocol/shapes';
import { createVirtualTime, seededRandom } from '../../test/support/virtual-time.ts';
import type { Api } from './http.ts';
import { createInbox } from './inbox.ts';

const me = '0000000a-0000-4000-8000-000000000000';

/** An inbox of `count` conversations on a service that answers a page when `time` moves, or when it is let go. */
const setup = (count: number) => {
  const time = createVirtualTime();
  const runtime = { ...time, random: seededRandom(7), fetch: () => Promise.reject(new Error('not used')) };
  const rows = Array.from(
    { length: count },
    (_, n): Row => ({
      uuid: `c${String(n).padStart(4, '0')}`,
      kind: 'direct',
      last_message: `text ${n}`,
      last_message_at: new Date(time.now() - n * 60_000).toISOString(),
      last_seq: 1,
      read_seq: 1,
      unread: 0,
      muted: false,
      archived: false,
    }),
  );
  const held: { on: boolean; go: (() => void)[] } = { on: false, go: [] };
  const conversations = async ({ cursor = '', limit = 20 }: ConversationsQuery = {}): Promise<ConversationsPage> => {
    if (held.on) await new Promise<void>((resolve) => held.go.push(resolve));
    const sorted = [...rows].sort((a, b) => (a.last_message_at < b.last_message_at ? 1 : -1));
    const below = sorted.filter((row) => cursor === '' || row.last_message_at < cursor);
    const page = below.slice(0, limit);
    const last = page.at(-1);
    return { conversations: page, ...(below.length > limit && last !== undefined && { cursor: last.last_message_at }) };
  };
  const api = { conversations } as Partial<Api> as Api;
  const inbox = createInbox({
    me,
    api,
    runtime,
    serverNow: time.now,
    onRow: () => undefined,
    forgetReadMark: () => undefined,
  });
  return { time, inbox, rows, held };
};

test('[INBOX-1] a page that was asked for before the list was cut above it leaves no gap', async () => {
  const { time, inbox, rows, held } = setup(900);
  await inbox.refresh();
  for (let page = 0; page < 6; page++) await inbox.loadMore('inbox');
  expect(inbox.getSnapshot().inbox.rows).toHaveLength(350);
  held.on = true;
  const more = inbox.loadMore('inbox');
  held.on = false;
  await time.advance(120_000);
  for (const [n, row] of rows.entries()) {
    if (n >= 500) rows[n] = { ...row, last_seq: 2, last_message_at: new Date(time.now() - n).toISOString() };
  }
  await inbox.refresh();
  expect(inbox.getSnapshot().inbox.rows).toHaveLength(250);
  for (const go of held.go) go();
  await more;
  const order = [...rows].sort((a, b) => (a.last_message_at < b.last_message_at ? 1 : -1)).map(({ uuid }) => uuid);
  const shown = inbox.getSnapshot().inbox.rows.map(({ uuid }) => uuid);
  expect(shown).toEqual(order.slice(0, shown.length));
});

test('[CONV-3] a folder that nobody asked for yet has more; what it holds comes with the asking', async () => {
  const { inbox } = setup(3);
  await inbox.refresh();
  expect(inbox.getSnapshot()).toMatchObject({ inbox: { hasMore: false }, archive: { hasMore: true } });
  await inbox.loadMore('archive');
  expect(inbox.getSnapshot()).toMatchObject({ archive: { hasMore: false, load: { status: 'ready' } } });
});
