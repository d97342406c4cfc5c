import { expect, test } from 'vitest';
import { messageUuid } from '#domain/ids';
import { uuidV7Time } from '#domain/uuid';
import { createClientWorld, messagesOf, textsOf } from '../../test/support/client-world.ts';
import { noFaults } from '../../test/support/faulty-network.ts';
import { problem, type TinyRequest } from '../../test/support/tiny-server.ts';
import { OutboxFull } from './outbox.ts';
import { outboxFromText, outboxItemsMax } from './outbox-storage.ts';

const anna = '0000000a-0000-4000-8000-000000000000';
const room = '00000001-0000-5000-8000-000000000000';
const other = '00000002-0000-5000-8000-000000000000';
const isPost = (request: TinyRequest): boolean => request.method === 'POST';

const setup = () => {
  const world = createClientWorld();
  for (const uuid of [room, other]) world.server.open(uuid, [anna]);
  const texts = (uuid = room) => world.server.log(uuid).map((message) => message.message);
  return { ...world, world, texts };
};

test('[LOG-4] a lost answer is asked for again under the same uuid, and the message is there once', async () => {
  const { world, time, network, server, texts } = setup();
  const session = world.connect(anna);
  await time.advance(1_000);
  network.faults = { ...noFaults, answerLost: 1, eventLost: 1 };
  const uuid = session.timeline(room).send('hello');
  await time.advance(5_000);
  expect(session.sends.getSnapshot()[0]?.state.status).toBe('pending');
  network.faults = noFaults;
  await time.advance(60_000);
  expect(session.sends.getSnapshot()).toEqual([]);
  expect(texts()).toEqual(['hello']);
  expect(server.log(room)[0]?.uuid).toBe(uuid);
  expect(server.handled.filter((request) => request.startsWith('POST')).length).toBeGreaterThan(1);
  session.stop();
});

test('[LOG-4] a reload while a send is under way sends the same uuid; the log has it once', async () => {
  const { world, time, network, texts } = setup();
  const first = world.connect(anna);
  network.faults = { ...noFaults, answerLost: 1, eventLost: 1 };
  const uuid = first.timeline(room).send('hello');
  await time.advance(100);
  first.stop();
  network.faults = noFaults;
  const second = world.connect(anna);
  expect(second.sends.getSnapshot().map((send) => send.uuid)).toEqual([uuid]);
  await time.advance(10_000);
  expect(texts()).toEqual(['hello']);
  expect(second.sends.getSnapshot()).toEqual([]);
  second.stop();
});

test('one at a time and in order within a conversation; another conversation does not wait', async () => {
  const { world, time, server, texts } = setup();
  const session = world.connect(anna);
  await time.advance(1_000);
  server.refuse((request) => isPost(request) && request.url.includes(room), problem('unavailable'), 3);
  for (const text of ['one', 'two', 'three']) session.timeline(room).send(text);
  session.timeline(other).send('elsewhere');
  await time.advance(100);
  expect(texts()).toEqual([]);
  expect(texts(other)).toEqual(['elsewhere']);
  expect(textsOf(session.timeline(room).getSnapshot())).toEqual(['one (pending)', 'two (pending)', 'three (pending)']);
  await time.advance(60_000);
  expect(texts()).toEqual(['one', 'two', 'three']);
  session.stop();
});

test('[SEC-6] 429 waits for as long as it is told', async () => {
  const { world, time, server, texts } = setup();
  const session = world.connect(anna);
  server.refuse(isPost, { ...problem('rate_limited'), headers: { 'retry-after': '20' } });
  session.timeline(room).send('patience');
  await time.advance(19_000);
  expect(texts()).toEqual([]);
  await time.advance(1_100);
  expect(texts()).toEqual(['patience']);
  session.stop();
});

test('a refusal is final: the message fails, steps aside, and waits for the user to retry or discard it', async () => {
  const { world, time, server, texts } = setup();
  const session = world.connect(anna);
  server.refuse(isPost, problem('blocked'), 2);
  const [first = '', second = ''] = ['one', 'two', 'three'].map((text) => session.timeline(room).send(text));
  await time.advance(1_000);
  expect(texts()).toEqual(['three']);
  const states = session.sends.getSnapshot().map((send) => send.state);
  expect(states).toEqual([
    { status: 'failed', code: 'blocked', maybeWritten: false },
    { status: 'failed', code: 'blocked', maybeWritten: false },
  ]);
  session.retry(first);
  session.discard(second);
  await time.advance(1_000);
  expect(texts()).toEqual(['three', 'one']);
  expect(server.log(room)[1]?.uuid).toBe(first);
  expect(session.sends.getSnapshot()).toEqual([]);
  session.stop();
});

test('[LOG-5] a wrong clock is corrected by the server’s before the first message; wrong again, by the refusal', async () => {
  const { world, time, server, network, texts } = setup();
  const hourAhead = world.connect(anna, 3_600_000);
  await time.advance(1_000);
  const uuid = hourAhead.timeline(room).send('corrected by hello');
  expect(Math.abs(uuidV7Time(uuid) - time.now())).toBeLessThan(1_000);
  await time.advance(1_000);
  hourAhead.stop();
  network.faults = noFaults;
  const withoutHello = world.connect(anna, 3_600_000);
  const early = withoutHello.timeline(room).send('corrected by the refusal');
  await time.advance(1_000);
  expect(texts()).toEqual(['corrected by hello', 'corrected by the refusal']);
  expect(server.log(room)[1]?.uuid).not.toBe(early);
  withoutHello.stop();
});

test('[LOG-5] a uuid that may have been written is kept although it is too early: it waits for the server’s clock', async () => {
  const { world, time, server, network, texts } = setup();
  network.faults = { ...noFaults, requestLost: 1 };
  const session = world.connect(anna, 600_000);
  const uuid = session.timeline(room).send('kept');
  await time.advance(5_000);
  network.faults = noFaults;
  await time.advance(60_000);
  expect(texts()).toEqual([]);
  await time.advance(300_000);
  expect(server.log(room).map((message) => message.uuid)).toEqual([uuid]);
  session.stop();
});

test('[LOG-4] refused by one node’s clock, a uuid is kept: the same request may have come to another node as well', async () => {
  const { world, time, server, texts } = setup();
  const session = world.connect(anna);
  await time.advance(1_000);
  // This node's clock is six minutes behind; the next to be asked is right.
  server.refuse(isPost, problem('clock_ahead', { server_time: new Date(time.now() - 360_000).toISOString() }));
  const uuid = session.timeline(room).send('once');
  await time.advance(55_000);
  expect(session.sends.getSnapshot()).toMatchObject([{ uuid, state: { status: 'pending' } }]);
  await time.advance(10_000);
  expect(server.log(room).map((message) => message.uuid)).toEqual([uuid]);
  expect(texts()).toEqual(['once']);
  session.stop();
});

test('[LOG-5] too old and maybe written: the user is asked, and only their word gives it a new uuid', async () => {
  const { world, time, network, texts } = setup();
  network.faults = { ...noFaults, requestLost: 1 };
  const session = world.connect(anna);
  const uuid = session.timeline(room).send('from yesterday');
  await time.advance(25 * 3_600_000);
  network.faults = noFaults;
  await time.advance(60_000);
  expect(session.sends.getSnapshot()[0]?.state).toEqual({ status: 'failed', code: 'uuid_expired', maybeWritten: true });
  expect(texts()).toEqual([]);
  session.retry(uuid);
  await time.advance(1_000);
  expect(texts()).toEqual(['from yesterday']);
  session.stop();
});

test('[LOG-4] an event that shows the message in the log settles it without an answer', async () => {
  const { world, time, network } = setup();
  const session = world.connect(anna);
  session.timeline(room);
  await time.advance(1_000);
  network.faults = { ...noFaults, answerLost: 1 };
  session.timeline(room).send('seen');
  await time.advance(10);
  expect(session.sends.getSnapshot()).toEqual([]);
  expect(messagesOf(session.timeline(room).getSnapshot()).map((message) => message.message)).toEqual(['seen']);
  session.stop();
});

test('[LOG-8] a session that was ended does not write over what the next one keeps', async () => {
  const { world, time, server, network, stored } = setup();
  const first = world.connect(anna);
  first.timeline(room);
  await time.advance(1_000);
  network.faults = { ...noFaults, requestLost: 1, eventLost: 1 };
  const uuid = first.timeline(room).send('one');
  const url = `/v1/conversations/${room}/messages`;
  server.handle({ method: 'POST', url, body: { uuid, message: 'one' }, user: anna });
  await time.advance(50);
  server.refuse(isPost, problem('unavailable'), 100);
  network.faults = { ...noFaults, delayMsMax: 1_000, eventLost: 1 };
  void first.timeline(room).refresh();
  first.stop();
  const second = world.connect(anna);
  second.timeline(other).send('two');
  await time.advance(3_000);
  expect(stored.get(anna)).toContain('two');
  second.stop();
});

test('the outbox is bounded, and says so', () => {
  const { world, network } = setup();
  network.faults = { ...noFaults, requestLost: 1 };
  const session = world.connect(anna);
  for (let i = 0; i < outboxItemsMax; i++) session.timeline(room).send(`text ${i}`);
  expect(() => session.timeline(room).send('one too many')).toThrow(OutboxFull);
  session.stop();
});

test('whatever is in the storage, what can be read of it is read', () => {
  const item = { uuid: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f', conversation: room, text: 'x', composedAtMs: 1 };
  expect(messageUuid(item.uuid)).toBeDefined();
  const read = (value: unknown) => outboxFromText(JSON.stringify(value)).map((one) => one.text);
  expect(read({ version: 1, items: [item, null, 7, { ...item, uuid: 'no' }, { ...item, text: 1 }] })).toEqual(['x']);
  for (const text of ['', '{', 'null', '7', '{"version":2,"items":[]}', '{"version":1}'])
    expect(outboxFromText(text)).toEqual([]);
});
