import { expect, test } from 'vitest';
import { createVirtualTime, seededRandom } from '../../test/support/virtual-time.ts';
import { ApiError } from './failure.ts';
import { createLive, type LiveEvent, silenceMsMax } from './live.ts';
import { backoffMsMax } from './runtime.ts';

/** A server of streams: each connection is kept, to write to and to end. */
const createStreams = () => {
  const time = createVirtualTime();
  const connections: { write: (text: string) => void; end: () => void; readonly aborted: () => boolean }[] = [];
  const events: LiveEvent[] = [];
  const answer: { failure?: ApiError } = {};
  const runtime = { ...time, random: seededRandom(7), fetch: () => Promise.reject(new Error('not used')) };
  const live = createLive({
    runtime,
    onEvent: (event) => events.push(event),
    open: async (signal) => {
      if (answer.failure !== undefined) throw answer.failure;
      const encoder = new TextEncoder();
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          signal.addEventListener('abort', () => controller.error(new TypeError('aborted')));
          connections.push({
            write: (text) => controller.enqueue(encoder.encode(text)),
            end: () => controller.close(),
            aborted: () => signal.aborted,
          });
        },
      });
      return new Response(body);
    },
  });
  return { time, connections, events, answer, live };
};

const hello = 'event: hello\ndata: {"server_time":"2026-01-01T00:00:00.000Z"}\n\n';

test('it is open from hello on, and tells what comes in order; unknown events are passed over', async () => {
  const { time, connections, events, live } = createStreams();
  live.start();
  expect(live.getSnapshot()).toEqual({ status: 'connecting', attempt: 1 });
  await time.settle();
  connections[0]?.write(`${hello}event: new_in_v2\ndata: {}\n\nevent: typing\ndata: {"user_uuid":"u"}\n\n`);
  await time.settle();
  expect(live.getSnapshot().status).toBe('open');
  expect(events.map((event) => event.name)).toEqual(['hello', 'typing']);
  live.stop();
  await time.settle();
  expect(connections[0]?.aborted()).toBe(true);
  expect(live.getSnapshot()).toEqual({ status: 'closed', reason: 'stopped' });
});

test('heartbeats keep it open; silence longer than two of them ends the connection and begins another', async () => {
  const { time, connections, live } = createStreams();
  live.start();
  await time.settle();
  connections[0]?.write(hello);
  for (let i = 0; i < 10; i++) {
    await time.advance(15_000);
    connections[0]?.write(':\n\n');
  }
  await time.settle();
  expect(connections).toHaveLength(1);
  await time.advance(silenceMsMax - 1);
  expect(connections).toHaveLength(1);
  await time.advance(2_000);
  expect(connections).toHaveLength(2);
  live.stop();
});

test('attempts wait ever longer, never beyond the bound, and wake ends a wait', async () => {
  const { time, answer, live } = createStreams();
  answer.failure = new ApiError('network', 'away');
  live.start();
  const waits: number[] = [];
  live.subscribe(() => {
    const state = live.getSnapshot();
    if (state.status === 'waiting') waits.push(state.retryAtMs - time.now());
  });
  await time.advance(300_000);
  expect(waits[0]).toBeLessThanOrEqual(500);
  expect(Math.max(...waits)).toBeLessThanOrEqual(backoffMsMax);
  expect(waits.slice(8).every((ms) => ms >= backoffMsMax / 2)).toBe(true);
  const before = waits.length;
  live.wake();
  expect(live.getSnapshot().status).toBe('connecting');
  await time.settle();
  expect(waits.length).toBe(before + 1);
  live.stop();
});

test('bye says when to come back: not before that time, and within twice that time', async () => {
  const { time, connections, live } = createStreams();
  live.start();
  await time.settle();
  connections[0]?.write(`${hello}event: bye\ndata: {"reason":"shutting_down","retry_ms":8000}\n\n`);
  connections[0]?.end();
  await time.advance(7_999);
  expect(connections).toHaveLength(1);
  await time.advance(8_001);
  expect(connections).toHaveLength(2);
  live.stop();
});

test('a user who is not let in is left alone', async () => {
  const { time, answer, live } = createStreams();
  answer.failure = new ApiError('unauthenticated', 'no', { status: 401 });
  live.start();
  await time.advance(60_000);
  expect(live.getSnapshot()).toEqual({ status: 'closed', reason: 'unauthenticated' });
  expect(time.pending).toBe(0);
});

test('an event that is not JSON ends the connection, and another begins', async () => {
  const { time, connections, live } = createStreams();
  live.start();
  await time.settle();
  connections[0]?.write(`${hello}event: typing\ndata: {\n\n`);
  await time.advance(1_000);
  expect(connections[0]?.aborted()).toBe(true);
  expect(connections).toHaveLength(2);
  live.stop();
});

test('[NET-1] a refusal that says how long to wait is heeded', async () => {
  const { time, connections, answer, live } = createStreams();
  answer.failure = new ApiError('rate_limited', 'slow down', { status: 429, retryAfterMs: 20_000 });
  live.start();
  await time.settle();
  delete answer.failure;
  await time.advance(19_000);
  expect(connections).toHaveLength(0);
  await time.advance(21_000);
  expect(connections).toHaveLength(1);
  live.stop();
});
