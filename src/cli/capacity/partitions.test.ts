import { describe, expect, it } from 'vitest';
import { createEventQueue } from './event-queue.ts';
import { createFifo } from './fifo.ts';
import { heatSeconds, partitionWriteUnits } from './limits.ts';
import { createPartitions, positionsEnd } from './partitions.ts';
import { seeded } from './random.ts';

/** What is served of so many units a second at the positions that are drawn, second by second. */
const servedOf = (count: number, unitsPerSecond: number, draw: () => number, seconds: number) => {
  const partitions = createPartitions(count);
  const served: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    let units = 0;
    for (let n = 0; n < unitsPerSecond; n += 1) {
      const [at, position] = [second + n / unitsPerSecond, draw()];
      const partition = partitions.at(position);
      if (!partitions.has(partition, at)) continue;
      partitions.take(partition, position, 1);
      units += 1;
    }
    served.push(units);
    partitions.second(() => undefined);
  }
  return { first: served[10] ?? 0, last: served.at(-1) ?? 0, count: partitions.count() };
};

describe('partitions', () => {
  it('that stay hot are cut until each has what it can serve', () => {
    const random = seeded(1);
    const { first, last, count } = servedOf(1, 1_800, () => random() * positionsEnd, 2 * heatSeconds);
    expect(first).toBeLessThan(1.01 * partitionWriteUnits);
    expect(last).toBeGreaterThan(1.7 * partitionWriteUnits);
    expect(count).toBeGreaterThan(1);
  });

  it('do not help a key alone, and are not cut for it', () => {
    const { last, count } = servedOf(1, 1_800, () => 12_345.5, 2 * heatSeconds);
    expect(last).toBeLessThan(1.01 * partitionWriteUnits);
    expect(count).toBe(1);
  });

  it('get a hot key away from its neighbours, which are served then', () => {
    const random = seeded(2);
    const hot = positionsEnd / 3;
    let [asked, others] = [0, 0];
    const partitions = createPartitions(1);
    for (let second = 0; second < 4 * heatSeconds; second += 1) {
      for (let n = 0; n < 2_400; n += 1) {
        const position = n % 8 === 0 ? random() * positionsEnd : hot;
        const partition = partitions.at(position);
        const served = partitions.has(partition, second + n / 2_400);
        if (served) partitions.take(partition, position, 1);
        if (second > 3.5 * heatSeconds && position !== hot) {
          asked += 1;
          others += served ? 1 : 0;
        }
      }
      partitions.second(() => undefined);
    }
    expect(others / asked).toBeGreaterThan(0.9);
  });
});

describe('the queue of events', () => {
  it('gives them in the order of their times', () => {
    const [queue, random] = [createEventQueue(), seeded(3)];
    for (let n = 0; n < 5_000; n += 1) queue.push(random(), n);
    const times: number[] = [];
    while (queue.size > 0) {
      times.push(queue.next());
      queue.pop();
    }
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times).toHaveLength(5_000);
    expect(queue.next()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a line', () => {
  it('is first come, first served, also when it grows with its head in the middle', () => {
    const line = createFifo();
    const out: number[] = [];
    for (let n = 0; n < 100; n += 1) {
      line.push(n, n / 2);
      if (n % 3 !== 0) continue;
      expect(line.at()).toBe(line.what() / 2);
      out.push(line.what());
      line.drop();
    }
    for (; line.size > 0; line.drop()) out.push(line.what());
    expect(out).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });
});
