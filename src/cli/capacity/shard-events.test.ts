import { describe, expect, it } from 'vitest';
import { assumed } from './assumed.ts';
import { delaysOf, weightedPercentile } from './delays.ts';
import { batchSeconds, shardRateMax } from './fanout.ts';
import { seeded } from './random.ts';
import { runShard, type ShardQuestion } from './shard-events.ts';
import { messagesPerSittingAt, messagesPerSittingMean } from './workload.ts';

const ask = (question: Partial<ShardQuestion>) =>
  runShard({
    messagesPerSecond: 20,
    participants: 2,
    parallelism: 1,
    seconds: 300,
    random: seeded(3),
    ...question,
  });

/** Within fifteen per cent: the seed's chance, and the quarter of a second between polls. */
const near = (value: number, expected: number): void => {
  expect(value / expected).toBeGreaterThan(0.85);
  expect(value / expected).toBeLessThan(1.15);
};

describe('sittings', () => {
  it('are as long as the measured conversations: 21.7 messages on average, 20 to 35', () => {
    expect(messagesPerSittingMean()).toBeCloseTo(21.7, 0);
    expect([0, 0.5, 1].map(messagesPerSittingAt)).toEqual([20, 21, 35]);
  });
});

describe('a shard, event by event', () => {
  it('gets the traffic it is asked about', () => {
    near(ask({}).sent / 300 / 20, 1);
  });

  it('is the same for the same seed', () => {
    expect(ask({})).toEqual(ask({}));
  });

  it('[COST] costs what the table of units says while messages come one by one: 7 for two people', () => {
    const { unitsPerMessage, updatesPerMessage } = ask({ messagesPerSecond: 0.5, seconds: 3_000 });
    expect(unitsPerMessage).toBeGreaterThan(6.8);
    expect(unitsPerMessage).toBeLessThan(7.05);
    expect(updatesPerMessage).toBeCloseTo(2, 1);
  });

  it('is as late as the model of flows says where nothing queues', () => {
    const { delayP50, delayP99 } = ask({ messagesPerSecond: 1, seconds: 2_000 });
    const flows = delaysOf({ came: [1_000], served: [1_000] }, [batchSeconds(2)]);
    near(delayP50 / weightedPercentile(flows, 0.5), 1);
    near(delayP99 / weightedPercentile(flows, 0.99), 1);
  });

  it('is refused what a partition does not give: 1,000 units a second, of which a message to two takes 3', () => {
    const within = ask({ messagesPerSecond: 250, seconds: 60 });
    expect([within.refusedAtFirst, within.refusedUpdates]).toEqual([0, 0]);
    const past = ask({ messagesPerSecond: 500, seconds: 60 });
    // Rows are tried again within a second and sends after half a minute: most of what is refused are rows.
    expect(past.refusedAtFirst).toBeGreaterThan(0.04);
    expect(past.refusedAtFirst).toBeLessThan(1);
    expect(past.refusedUpdates).toBeGreaterThan(0.5);
    expect(past.sent).toBe(past.accepted);
  });

  it.each([
    [1.4, 0.141, 0.278],
    [10, 0.119, 0.261],
    [100, 0.049, 0.238],
    [300, 0.054, 0.078],
  ])(
    'at %d messages a second is as late as the model of one shard alone was that this one took over from',
    (rate, p50, p99) => {
      const { delayP50, delayP99, unitsPerMessage } = ask({ messagesPerSecond: rate, seconds: 600 });
      near(delayP50 / p50, 1);
      near(delayP99 / p99, 1);
      near(unitsPerMessage / 6.97, 1);
    },
  );

  it('falls behind past what one consumer gets through, and keeps up with more of them', () => {
    const slow = { ...assumed, writeSeconds: 0.05 };
    const rate = 1.5 * (100 / (slow.batchOverheadSeconds + Math.ceil(200 / 16) * slow.writeSeconds));
    expect(rate).toBeLessThan(shardRateMax({ count: 1, parallelism: 1, updatesPerMessage: 2 }));
    const one = ask({ messagesPerSecond: rate, seconds: 60, assumed: slow });
    const four = ask({ messagesPerSecond: rate, seconds: 60, assumed: slow, parallelism: 4 });
    expect(one.delayP99).toBeGreaterThan(5);
    expect(four.delayP99).toBeLessThan(2);
  });
});
