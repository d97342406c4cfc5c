import { expect, test } from 'vitest';
import { createSendQueue } from './send-queue.ts';

test('[LOG-7] among more conversations than lanes are kept for, each still goes one after the other, and again later', async () => {
  const queue = createSendQueue();
  const conversations = Array.from({ length: 5_000 }, (_, n) => `conversation ${n}`);
  const under = new Set<string>();
  const done = new Map<string, number[]>();
  const work = (conversation: string) => async (n: number) => {
    expect(under.has(conversation)).toBe(false);
    under.add(conversation);
    await Promise.resolve();
    under.delete(conversation);
    done.set(conversation, [...(done.get(conversation) ?? []), n]);
  };
  for (const turn of [0, 3]) {
    const all = [0, 1, 2].flatMap((n) => conversations.map((one) => queue(one, () => turn + n, work(one))));
    await Promise.all(all);
  }
  expect(done.size).toBe(conversations.length);
  for (const order of done.values()) expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});
