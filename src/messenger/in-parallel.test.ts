import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inParallel } from './in-parallel.ts';

/** Work that ends when it is told to. */
const rig = () => {
  const begun: number[] = [];
  const ends = new Map<number, { readonly done: () => void; readonly failed: (error: Error) => void }>();
  const work = (item: number): Promise<void> => {
    begun.push(item);
    return new Promise((done, failed) => ends.set(item, { done, failed }));
  };
  const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
  return {
    begun,
    work,
    turn,
    end: async (item: number, error?: Error): Promise<void> => {
      const told = ends.get(item);
      if (error === undefined) told?.done();
      else told?.failed(error);
      await turn();
    },
  };
};

describe('work in parallel', () => {
  test('each once, in order, and never more at once than was said', async () => {
    const orders = fc.record({
      items: fc.array(fc.integer(), { maxLength: 30 }),
      atOnce: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(orders, fc.func(fc.integer({ min: 0, max: 5 })), async ({ items, atOnce }, turnsOf) => {
        const seen: number[] = [];
        let running = 0;
        let most = 0;
        await inParallel(items, atOnce, async (item) => {
          seen.push(item);
          running += 1;
          most = Math.max(most, running);
          for (let turns = turnsOf(item, seen.length); turns > 0; turns -= 1) await Promise.resolve();
          running -= 1;
        });
        expect(seen).toEqual(items);
        expect(running).toBe(0);
        expect(most).toBeLessThanOrEqual(atOnce);
      }),
    );
  });

  test('a limit that moves is asked before each: fewer are begun at once, then more; never none', async () => {
    const { begun, work, turn, end } = rig();
    let limit = 3;
    const all = inParallel([0, 1, 2, 3, 4, 5, 6], () => limit, work);
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    limit = 1;
    await end(0);
    await end(1);
    expect(begun).toEqual([0, 1, 2]);
    await end(2);
    expect(begun).toEqual([0, 1, 2, 3]);
    limit = 0;
    await end(3);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    limit = 9;
    await end(4);
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
    await end(5);
    await end(6);
    await all;
  });

  test('after a failure nothing is begun, what had begun is waited for, and the first failure is told', async () => {
    const { begun, work, turn, end } = rig();
    let told: unknown;
    const all = inParallel([0, 1, 2, 3], 3, work).catch((error: unknown) => {
      told = error;
    });
    await turn();
    await end(1, new Error('first'));
    await end(0, new Error('second'));
    expect([begun, told]).toEqual([[0, 1, 2], undefined]);
    await end(2);
    await all;
    expect(begun).toEqual([0, 1, 2]);
    expect(told).toEqual(new Error('first'));
  });
});
