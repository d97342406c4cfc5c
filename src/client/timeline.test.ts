import { expect, test } from 'vitest';
import { uuidV7 } from '#domain/uuid';
import type { Message } from '#protocol/shapes';
import { type ClientWorld, createClientWorld, messagesOf, textsOf } from '../../test/support/client-world.ts';
import { noFaults } from '../../test/support/faulty-network.ts';
import { createLogView, windowMessagesMax } from './log-view.ts';
import { messageAt } from './message-list.ts';
import { versionOf } from './version.ts';

const anna = '0000000a-0000-4000-8000-000000000000';
const bert = '0000000b-0000-4000-8000-000000000000';
const room = '00000001-0000-5000-8000-000000000000';

/** A conversation of `count` messages by Bert, one a second. */
const setup = (count: number): ClientWorld => {
  const world = createClientWorld();
  world.server.open(room, [anna, bert]);
  for (let i = 1; i <= count; i++) say(world, `text ${i}`, i);
  return world;
};

const say = (world: ClientWorld, message: string, i: number): void => {
  const uuid = uuidV7(
    world.time.now(),
    Uint8Array.from({ length: 10 }, (_, at) => (at < 4 ? 7 : i >> (8 * (at - 4)))),
  );
  const url = `/v1/conversations/${room}/messages`;
  expect(world.server.handle({ method: 'POST', url, body: { uuid, message }, user: bert }).status).toBe(201);
};

const seqs = (messages: readonly Message[]): number[] => messages.map((message) => message.seq);

test('[PAGE-2] pages backwards until the first message, each once', async () => {
  const world = setup(230);
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(100);
  expect(seqs(messagesOf(timeline.getSnapshot()))).toEqual(Array.from({ length: 50 }, (_, i) => 181 + i));
  while (timeline.getSnapshot().hasOlder) {
    await Promise.all([timeline.loadOlder(), timeline.loadOlder()]);
  }
  expect(seqs(messagesOf(timeline.getSnapshot()))).toEqual(Array.from({ length: 230 }, (_, i) => 1 + i));
  session.stop();
});

test('[PAGE-1] a jump shows a window of its own, never next to the newest, until paging forward joins them', async () => {
  const world = setup(300);
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(100);
  const at = world.server.log(room)[99]?.created_at ?? '';
  await timeline.jumpToDate(at);
  const jumped = timeline.getSnapshot();
  expect(jumped).toMatchObject({ atNewest: false, hasNewer: true, hasOlder: true });
  expect(seqs(messagesOf(jumped))).toEqual(Array.from({ length: 100 }, (_, i) => 51 + i));
  timeline.send('from afar');
  say(world, 'meanwhile', 301);
  await world.time.advance(100);
  expect(timeline.getSnapshot().length).toBe(100);
  while (!timeline.getSnapshot().atNewest) await timeline.loadNewer();
  expect(seqs(messagesOf(timeline.getSnapshot()))).toEqual(Array.from({ length: 252 }, (_, i) => 51 + i));
  await timeline.jumpToSeq(10);
  expect(timeline.getSnapshot().indexOfSeq(10)).toBeGreaterThanOrEqual(0);
  timeline.jumpToNewest();
  expect(timeline.getSnapshot().atNewest).toBe(true);
  session.stop();
});

test('a jump has worked once its window is shown: neither what comes below it nor an overtaken jump fails it', async () => {
  const world = setup(300);
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(100);
  world.server.refuse((request) => request.url.includes('after_seq'), { status: 503 });
  await timeline.jumpToSeq(100);
  expect(timeline.getSnapshot().indexOfSeq(100)).toBeGreaterThanOrEqual(0);
  world.server.refuse((request) => request.url.includes('before_seq=35'), { status: 503 });
  await Promise.all([timeline.jumpToSeq(10), timeline.jumpToSeq(200)]);
  expect(timeline.getSnapshot().indexOfSeq(200)).toBeGreaterThanOrEqual(0);
  world.server.refuse((request) => request.url.includes('before_seq=35'), { status: 503 });
  await expect(timeline.jumpToSeq(10)).rejects.toMatchObject({ status: 503 });
  session.stop();
});

test('[LIVE-2] what lies beyond a gap waits until the gap is fetched; my own message there shows as sent', async () => {
  const world = setup(3);
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(1_000);
  world.network.faults = { ...noFaults, eventLost: 1 };
  say(world, 'four', 4);
  world.server.refuse((request) => request.method === 'GET', { status: 503 }, 3);
  timeline.send('five');
  await world.time.advance(50);
  expect(textsOf(timeline.getSnapshot())).toEqual(['text 1', 'text 2', 'text 3', 'five (sent)']);
  await world.time.advance(60_000);
  expect(textsOf(timeline.getSnapshot())).toEqual(['text 1', 'text 2', 'text 3', 'four', 'five']);
  session.stop();
});

test('[LIVE-2] far behind, it goes on at the newest page instead of fetching everything between', async () => {
  const world = setup(10);
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(1_000);
  world.network.faults = { ...noFaults, requestLost: 1 };
  world.network.breakStreams();
  for (let i = 11; i <= 1_000; i++) say(world, `text ${i}`, i);
  await world.time.advance(5_000);
  world.network.faults = noFaults;
  world.server.handled.length = 0;
  await world.time.advance(60_000);
  expect(seqs(messagesOf(timeline.getSnapshot())).at(-1)).toBe(1_000);
  expect(seqs(messagesOf(timeline.getSnapshot()))[0]).toBe(951);
  expect(world.server.handled.filter((request) => request.includes('/messages')).length).toBeLessThan(10);
  session.stop();
});

test('what is off the screen when the connection comes back is fetched again when it comes there', async () => {
  const world = setup(250);
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(1_000);
  while (timeline.getSnapshot().hasOlder) await timeline.loadOlder();
  world.network.faults = { ...noFaults, eventLost: 1 };
  const url = `/v1/conversations/${room}/messages/20`;
  world.server.handle({ method: 'PATCH', url, body: { message: 'edited' }, user: bert });
  world.network.faults = noFaults;
  world.network.breakStreams();
  await world.time.advance(5_000);
  const textAt20 = () => messagesOf(timeline.getSnapshot())[19]?.message;
  expect(textAt20()).toBe('text 20');
  timeline.setVisible(15, 40);
  await world.time.advance(100);
  expect(textAt20()).toBe('edited');
  session.stop();
});

test('[CONV-2] what is fetched again is followed to its end, where a page stops at a time out of the group', async () => {
  const world = setup(6);
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(1_000);
  world.network.faults = { ...noFaults, eventLost: 1 };
  const url = `/v1/conversations/${room}/messages/2`;
  world.server.handle({ method: 'PATCH', url, body: { message: 'edited' }, user: bert });
  world.network.faults = noFaults;
  // The newest span ends at 4; what lies below comes with the next page.
  const messages = world.server.log(room).slice(3).reverse();
  const isRepair = ({ url: asked }: { readonly url: string }): boolean => asked.includes('before_seq=100');
  world.server.refuse(isRepair, { status: 200, body: { messages, cursor: 'before:4' } });
  world.network.breakStreams();
  await world.time.advance(5_000);
  expect(textsOf(timeline.getSnapshot())).toEqual(['text 1', 'edited', 'text 3', 'text 4', 'text 5', 'text 6']);
  session.stop();
});

test('[LIVE-2] back at the newest message, what a disconnect may have changed there is fetched again', async () => {
  const world = setup(400);
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(1_000);
  await timeline.jumpToSeq(50);
  world.network.faults = { ...noFaults, eventLost: 1 };
  const url = `/v1/conversations/${room}/messages/390`;
  world.server.handle({ method: 'PATCH', url, body: { message: 'edited' }, user: bert });
  world.network.faults = noFaults;
  world.network.breakStreams();
  await world.time.advance(5_000);
  timeline.jumpToNewest();
  await world.time.advance(100);
  const snapshot = timeline.getSnapshot();
  expect(snapshot.at(snapshot.indexOfSeq(390))).toMatchObject({ message: { message: 'edited' } });
  session.stop();
});

test('a conversation that is not there says so, and is not asked for again and again', async () => {
  const world = createClientWorld();
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(60_000);
  expect(timeline.getSnapshot().load).toEqual({ status: 'failed', code: 'not_found' });
  expect(world.server.handled.filter((request) => request.includes('/messages')).length).toBeLessThan(4);
  session.stop();
});

const message = (seq: number, more: Partial<Message> & { rev?: number } = {}): Message => ({
  uuid: `m${seq}`,
  seq,
  message_group_uuid: room,
  kind: 'text',
  user_uuid: bert,
  handle: 'bert',
  display_name: 'Bert',
  message: `text ${seq}`,
  created_at: '2026-01-01T00:00:00.000Z',
  ...more,
});

test('[CONV-4] of two versions the tombstone, the higher revision, the later edit, the readable one is newer', () => {
  const { message: _, ...bare } = message(1);
  const versions: Message[] = [
    { ...bare, unreadable: 'key' },
    message(1),
    message(1, { edited_at: '2026-01-01T00:00:01.000Z' }),
    message(1, { edited_at: '2026-01-01T00:00:02.000Z' }),
    message(1, { rev: 1 }),
    message(1, { rev: 2, edited_at: '2026-01-01T00:00:01.000Z' }),
    { ...bare, deleted_at: '2026-01-01T00:00:03.000Z' },
  ];
  for (const [i, a] of versions.entries()) {
    for (const [j, b] of versions.entries()) expect(versionOf(a, b)).toBe(i === j ? 'same' : i < j ? 'newer' : 'older');
  }
  const liked = message(1, { reactions: { '👍': [anna, bert] } });
  expect(versionOf(liked, message(1, { reactions: { '👍': [bert, anna] } }))).toBe('same');
  expect(versionOf(liked, message(1, { reactions: { '👍': [anna] } }))).toBe('unknown');
});

test('versions that nothing tells apart: an event shows at once, a page asked for before it does not undo it, one after it settles it', () => {
  const view = createLogView();
  view.newestPage({ messages: [message(1)], hasMore: false, askedAt: view.moment() });
  const before = view.moment();
  const liked = message(1, { reactions: { '👍': [anna] } });
  view.receive(liked);
  expect([...view.doubtful]).toEqual([1]);
  view.repairPage({ messages: [message(1)], hasMore: false, askedAt: before });
  expect(messageAt(view.newest?.list ?? { chunks: [], starts: [], length: 0 }, 0)).toBe(liked);
  expect([...view.doubtful]).toEqual([1]);
  view.repairPage({ messages: [message(1)], hasMore: false, askedAt: view.moment() });
  expect(messageAt(view.newest?.list ?? { chunks: [], starts: [], length: 0 }, 0)).toEqual(message(1));
  expect([...view.doubtful]).toEqual([]);
});

test('[CONV-2] entries that this user may not read are no gap: a page passes over them', () => {
  const view = createLogView();
  view.newestPage({ messages: [message(1), message(2)], hasMore: false, askedAt: 0 });
  view.receive(message(50));
  expect(view.behind).toBe(true);
  view.pageAfter(2, { messages: [message(49), message(50)], hasMore: false, askedAt: view.moment() });
  expect(view.behind).toBe(false);
  expect(view.newest?.list.length).toBe(4);
});

test('a window holds no more than its bound: the far end is let go, in both directions', () => {
  const view = createLogView();
  const all = Array.from({ length: windowMessagesMax + 600 }, (_, i) => message(i + 1));
  view.newestPage({ messages: all.slice(300), hasMore: true, askedAt: 0 });
  expect(view.newest?.list.length).toBeLessThanOrEqual(windowMessagesMax);
  expect(view.newest).toMatchObject({ to: windowMessagesMax + 600, hasOlder: true });
  const from = view.newest?.from ?? 0;
  view.pageBefore(from, { messages: all.slice(0, from - 1), hasMore: false, askedAt: 0 });
  expect(view.away).toMatchObject({ from: 1, hasOlder: false });
  expect(view.away?.list.length).toBeLessThanOrEqual(windowMessagesMax);
  expect(view.newest?.to).toBe(windowMessagesMax + 600);
});

test('an event copies one chunk of a long conversation, not the conversation', () => {
  const view = createLogView();
  const all = Array.from({ length: windowMessagesMax - 1 }, (_, i) => message(i + 1));
  view.newestPage({ messages: all, hasMore: false, askedAt: 0 });
  const before = view.newest?.list.chunks ?? [];
  view.receive(message(windowMessagesMax));
  view.receive(message(50_000, { rev: 1, message: 'edited' }));
  const after = view.newest?.list.chunks ?? [];
  expect(view.newest?.list.length).toBe(windowMessagesMax);
  expect(after.filter((chunk, index) => chunk !== before[index]).length).toBe(2);
});

test('[INBOX-7] it is ready once it is known how far I have read, whatever is answered first', async () => {
  const world = setup(3);
  world.server.handle({ method: 'PUT', url: `/v1/conversations/${room}/read`, body: { seq: 3 }, user: anna });
  world.network.faults = { ...noFaults, delayMsMax: 300 };
  for (let opened = 0; opened < 20; opened++) {
    const session = world.connect(anna);
    const timeline = session.timeline(room);
    const seen: number[] = [];
    timeline.subscribe(() => {
      const { load, readSeq } = timeline.getSnapshot();
      if (load.status === 'ready') seen.push(readSeq);
    });
    await world.time.advance(2_000);
    expect(new Set(seen)).toEqual(new Set([3]));
    session.stop();
  }
});

test('[CONV-2] opened before I was added, it is there as soon as something is said', async () => {
  const world = createClientWorld();
  const session = world.connect(anna);
  const timeline = session.timeline(room);
  await world.time.advance(1_000);
  expect(timeline.getSnapshot().load).toEqual({ status: 'failed', code: 'not_found' });
  world.server.open(room, [anna, bert]);
  say(world, 'welcome', 1);
  await world.time.advance(1_000);
  expect(textsOf(timeline.getSnapshot())).toEqual(['welcome']);
  session.stop();
});
