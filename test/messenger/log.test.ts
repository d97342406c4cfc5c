import { expect, test } from 'vitest';
import { conversationQueueMax } from '#domain/limits';
import { uuidV7 } from '#domain/uuid';
import { TableError } from '#table/errors';
import type { Table } from '#table/port';
import { codeOf, createNode, createRig, numbers, sendAll, user } from '../support/messenger-rig.ts';

const random = (fill: number): Uint8Array => new Uint8Array(10).fill(fill);

test('[LOG-1] [LOG-4] the same uuid sent by 64 at once through five nodes gives one entry', async () => {
  const rig = await createRig();
  const nodes = [0, -3, 4, -2, 25].map((minutes) => createNode(rig.table, rig.clock, minutes * 60_000));
  const request = { uuid: uuidV7(rig.clock.ms, random(1)), message: 'once' };
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, index) => {
      const node = nodes[index % nodes.length] ?? rig;
      return node.messenger.send({ user: rig.ana }, rig.direct, request);
    }),
  );
  expect(new Set(answers.map(({ message }) => message.seq))).toEqual(new Set([1]));
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  const { messages } = await rig.messenger.history({ user: rig.ben }, rig.direct, { limit: 20 });
  expect(messages.map(({ message }) => message)).toEqual(['once']);
});

test('[LOG-2] [LOG-6] writers on nodes with clocks an hour apart leave no gap, and times go up', async () => {
  const rig = await createRig();
  const nodes = [-40, 0, 25].map((minutes) => createNode(rig.table, rig.clock, minutes * 60_000));
  await Promise.all(
    numbers(60).map((message, index) =>
      (nodes[index % 3] ?? rig).messenger.send({ user: index % 2 === 0 ? rig.ana : rig.ben }, rig.direct, { message }),
    ),
  );
  const { messages } = await rig.messenger.history({ user: rig.ana }, rig.direct, { limit: 100 });
  expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, index) => 60 - index));
  const times = messages.map((message) => message.created_at).reverse();
  expect(times).toEqual([...new Set(times)].sort());
});

/** A table whose next put is written, but whose answer is lost. */
const losingAnswers = (table: Table): Table & { lose: number } => {
  const losing = {
    ...table,
    lose: 0,
    put: async (...call: Parameters<Table['put']>) => {
      const result = await table.put(...call);
      if (losing.lose === 0) return result;
      losing.lose -= 1;
      throw new TableError('unavailable', 'the answer was lost', { outcome: 'unknown' });
    },
  };
  return losing;
};

test('[LOG-2] a put whose answer is lost is settled at its place, with a uuid or without', async () => {
  const rig = await createRig();
  const table = losingAnswers(rig.table);
  const { messenger } = createNode(table, rig.clock);
  for (const request of [{ uuid: uuidV7(rig.clock.ms, random(2)), message: 'named' }, { message: 'unnamed' }]) {
    table.lose = 1;
    const { replayed } = await messenger.send({ user: rig.ana }, rig.direct, request);
    expect(replayed).toBe(false);
  }
  const { messages } = await messenger.history({ user: rig.ana }, rig.direct, { limit: 20 });
  expect(messages.map(({ message }) => message)).toEqual(['unnamed', 'named']);
});

test('[LOG-3] a send in a hot conversation is one put and no read', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(3));
  rig.uses.length = 0;
  await rig.messenger.send({ user: rig.ana }, rig.direct, { uuid: uuidV7(rig.clock.ms, random(3)), message: 'hot' });
  expect(rig.uses.map(({ pattern, capacity }) => [pattern, capacity])).toEqual([
    ['appendEntry', { read: 0, write: 1 }],
  ]);
});

test('[LOG-3] a node that lost the race for a place reads only what is new', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(30));
  const other = createNode(rig.table, rig.clock);
  await other.messenger.send({ user: rig.ben }, rig.direct, { message: 'from elsewhere' });
  rig.uses.length = 0;
  const { message } = await rig.messenger.send({ user: rig.ana }, rig.direct, { message: 'second' });
  expect(message.seq).toBe(32);
  const reads = rig.uses.filter(({ pattern }) => pattern === 'readEntriesAfter');
  expect(reads.map(({ items }) => items)).toEqual([1]);
});

test('[LOG-4] a uuid used for another text, or by another author, is refused', async () => {
  const rig = await createRig();
  const uuid = uuidV7(rig.clock.ms, random(4));
  await rig.messenger.send({ user: rig.ana }, rig.direct, { uuid, message: 'first' });
  expect(await codeOf(rig.messenger.send({ user: rig.ana }, rig.direct, { uuid, message: 'second' }))).toBe(
    'uuid_reused',
  );
  expect(await codeOf(rig.messenger.send({ user: rig.ben }, rig.direct, { uuid, message: 'first' }))).toBe(
    'uuid_reused',
  );
});

test('[LOG-4] a message edited since is still found by its uuid', async () => {
  const rig = await createRig();
  const request = { uuid: uuidV7(rig.clock.ms, random(5)), message: 'first' };
  const { message } = await rig.messenger.send({ user: rig.ana }, rig.direct, request);
  await rig.messenger.edit({ user: rig.ana }, rig.direct, message.seq, 'changed');
  const again = await rig.messenger.send({ user: rig.ana }, rig.direct, request);
  expect([again.replayed, again.message.message]).toEqual([true, 'changed']);
});

test('[LOG-5] a uuid is found again 23 hours and 2,000 messages later, by a node that never saw it', async () => {
  const rig = await createRig();
  const request = { uuid: uuidV7(rig.clock.ms, random(6)), message: 'long ago' };
  await rig.messenger.send({ user: rig.ana }, rig.direct, request);
  for (let sent = 0; sent < 2_000; sent += 100) {
    rig.clock.ms += 69 * 60_000;
    await Promise.all(numbers(100).map((message) => rig.messenger.send({ user: rig.ben }, rig.direct, { message })));
  }
  const cold = createNode(rig.table, rig.clock);
  expect(await cold.messenger.send({ user: rig.ana }, rig.direct, request)).toMatchObject({
    replayed: true,
    message: { seq: 1 },
  });
  expect(await rig.messenger.send({ user: rig.ana }, rig.direct, request)).toMatchObject({
    replayed: true,
    message: { seq: 1 },
  });
});

test('[LOG-5] a uuid from the future and one from long ago are refused, with the time here', async () => {
  const rig = await createRig();
  const minute = 60_000;
  const send = (ms: number) =>
    rig.messenger.send({ user: rig.ana }, rig.direct, { uuid: uuidV7(ms, random(7)), message: 'x' });
  rig.uses.length = 0;
  expect(await codeOf(send(rig.clock.ms + 5 * minute + 1))).toBe('clock_ahead');
  expect(await codeOf(send(rig.clock.ms - 24 * 60 * minute - 1))).toBe('uuid_expired');
  expect(rig.uses).toEqual([]);
  await expect(send(rig.clock.ms + 6 * minute)).rejects.toMatchObject({
    extra: { server_time: '2026-01-01T00:00:00.000Z' },
  });
  expect((await send(rig.clock.ms + 5 * minute)).replayed).toBe(false);
  expect((await send(rig.clock.ms - 24 * 60 * minute)).replayed).toBe(false);
});

test('[LOG-5] a malformed uuid, and one of another version, are refused before any table is asked', async () => {
  const rig = await createRig();
  for (const uuid of ['', 'x', '00000000-0000-4000-8000-000000000000', `${uuidV7(rig.clock.ms, random(8))} `]) {
    expect(await codeOf(rig.messenger.send({ user: rig.ana }, rig.direct, { uuid, message: 'x' }))).toBe(
      'invalid_field',
    );
  }
  expect(rig.uses).toEqual([]);
});

test('[LOG-7] sends go in the order they came; past its bound a queue refuses, and another conversation does not wait', async () => {
  const rig = await createRig();
  const { conversation } = await rig.messenger.open({ user: rig.cleo }, { handles: ['dan' as never] });
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow: Table = {
    ...rig.table,
    put: async (request, call) => {
      if (request.item.pk === `MSG#${rig.direct}`) await gate;
      return rig.table.put(request, call);
    },
  };
  const node = createNode(slow, rig.clock);
  const sends = numbers(conversationQueueMax + 11).map((message) =>
    node.messenger.send({ user: rig.ana }, rig.direct, { message }).then(
      (answer) => answer.message.message,
      (error: { code: string }) => error.code,
    ),
  );
  await node.messenger.send({ user: rig.cleo }, conversation.uuid as typeof rig.direct, { message: 'not held up' });
  release();
  const answers = await Promise.all(sends);
  // One is under way, and the queue holds as many as it may behind it.
  expect(answers.filter((answer) => answer === 'conversation_busy')).toHaveLength(10);
  const { messages } = await rig.messenger.history({ user: rig.ana }, rig.direct, { limit: 100 });
  expect(messages.map(({ message }) => message).reverse()).toEqual(numbers(conversationQueueMax + 1).slice(-100));
});

test('[LOG-8] a table that is away is told as unavailable, and the message can be sent again', async () => {
  const rig = await createRig();
  const down: Table = {
    ...rig.table,
    put: async () => {
      throw new TableError('throttled', 'no capacity');
    },
  };
  const request = { uuid: uuidV7(rig.clock.ms, random(9)), message: 'patience' };
  const node = createNode(down, rig.clock);
  expect(await codeOf(node.messenger.send({ user: rig.ana }, rig.direct, request))).toBe('unavailable');
  expect((await rig.messenger.send({ user: rig.ana }, rig.direct, request)).replayed).toBe(false);
});

test('a blank text, one too long, and one that is not Unicode are refused before any table is asked', async () => {
  const rig = await createRig();
  for (const message of ['', ' \n\t', 'x'.repeat(4_097), '\ud800', 'a\u0000b']) {
    expect(await codeOf(rig.messenger.send({ user: rig.ana }, rig.direct, { message }))).toBe('invalid_field');
  }
  expect(rig.uses).toEqual([]);
  expect((await rig.messenger.send({ user: rig.ana }, rig.direct, { message: '😀'.repeat(4_096) })).message.seq).toBe(
    1,
  );
});

test('[LOG-4] a stranger cannot learn from a uuid whether a conversation exists', async () => {
  const rig = await createRig();
  const request = { uuid: uuidV7(rig.clock.ms, random(10)), message: 'x' };
  await rig.messenger.send({ user: rig.ana }, rig.direct, request);
  expect(await codeOf(rig.messenger.send({ user: user(9) }, rig.direct, request))).toBe('not_found');
});
