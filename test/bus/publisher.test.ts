/** [LIVE-4] What gathers while a function works, and what telling it costs at most. In virtual time, over a scripted link. */
import { describe, expect, test } from 'vitest';
import type { BusEvent } from '#bus/port';
import type { ValkeyLink } from '#bus/valkey-link';
import { createValkeyPublisher } from '#bus/valkey-publisher';

const event = (index: number): BusEvent => ({ type: 'conversation.updated', to: ['u'], body: { index } });

/** A link whose server answers, or never does; time passes only while somebody waits for it. */
const startWorld = (answers: { readonly ping: boolean; readonly publish: boolean }) => {
  let now = 0;
  let broken = 0;
  const published: number[] = [];
  const never = new Promise<never>(() => undefined);
  const pipeline = () => {
    const waiting: string[] = [];
    return {
      publish: (_channel: string, text: string) => waiting.push(text),
      exec: () => {
        if (!answers.publish) return never;
        published.push(...waiting.map((text) => (JSON.parse(text) as { event: BusEvent }).event.body as number));
        return Promise.resolve(waiting.map(() => [null, 1] as const));
      },
    };
  };
  const commands = {
    status: 'ready',
    ping: () => (answers.ping ? Promise.resolve('PONG') : never),
    pipeline,
    disconnect: () => {
      broken += 1;
    },
  };
  const link = { commands, ready: () => true, close: async () => undefined } as unknown as ValkeyLink;
  const wait = async (ms: number): Promise<void> => {
    // What is answered at all is answered before any time has passed.
    await new Promise((resolve) => setImmediate(resolve));
    now += ms;
  };
  const publisher = createValkeyPublisher(link, 'a', { now: () => now, wait });
  return { publisher, published, now: () => now, broken: () => broken };
};

describe('[LIVE-4] a bus that only speaks', () => {
  test('says at the end what has gathered, in order, and says it once', async () => {
    const { publisher, published } = startWorld({ ping: true, publish: true });
    for (let index = 0; index < 1_200; index += 1) publisher.publish(event(index));
    expect(published).toEqual([]);
    expect(await publisher.flush(1_000)).toBe(1_200);
    expect(published).toEqual(Array.from({ length: 1_200 }, (_, index) => ({ index })));
    expect(await publisher.flush(1_000)).toBe(0);
    expect(published).toHaveLength(1_200);
  });

  test('gathers so much and no more', async () => {
    const { publisher } = startWorld({ ping: true, publish: true });
    for (let index = 0; index < 10_050; index += 1) publisher.publish(event(index));
    expect(await publisher.flush(1_000)).toBe(10_000);
  });

  test('asks for nothing when it has nothing to say', async () => {
    const { publisher, now } = startWorld({ ping: false, publish: false });
    expect(await publisher.flush(1_000)).toBe(0);
    expect(now()).toBe(0);
  });

  test('a server that has gone silent costs what was allowed, and its connection is made anew', async () => {
    const { publisher, now, broken } = startWorld({ ping: false, publish: false });
    publisher.publish(event(1));
    expect(await publisher.flush(1_000)).toBe(0);
    expect(now()).toBeGreaterThanOrEqual(1_000);
    expect(broken()).toBeGreaterThan(0);
    expect(await publisher.flush(1_000)).toBe(0);
  });

  test('a server that falls silent in the middle costs no more', async () => {
    const { publisher } = startWorld({ ping: true, publish: false });
    publisher.publish(event(1));
    expect(await publisher.flush(1_000)).toBe(0);
  });
});
