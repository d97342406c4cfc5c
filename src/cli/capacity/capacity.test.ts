import { describe, expect, it } from 'vitest';
import { answerTo, costsOf, ordinaryRun } from './answer.ts';
import { delaysOf, queueSeconds, weightedPercentile } from './delays.ts';
import { batchesInLine, batchSeconds, concurrencyOf, executionSeconds, shardRate, shardRateMax } from './fanout.ts';
import { main, parseQuestion } from './main.ts';
import { defaults, messageItemBytes, type Question, units } from './question.ts';
import { seeded } from './random.ts';
import { scenarios } from './scenarios.ts';
import { trafficAt, unitsAt } from './traffic.ts';
import { messageBytesAt, messageBytesMean, textOf, zipfSum } from './workload.ts';

const hours = (question: Question) => answerTo(question, { ...ordinaryRun(question, seeded(1)), seconds: 600 });
const scenario = (id: string) => {
  const found = scenarios().find((one) => one.id === id);
  if (found === undefined) throw new Error(`no scenario ${id}`);
  return answerTo(found.run.question, found.run);
};

describe('the workload', () => {
  it('has the mean and the quantiles of the measured messages', () => {
    expect(messageBytesMean()).toBeGreaterThan(100);
    expect(messageBytesMean()).toBeLessThan(110);
    expect([0.5, 0.9, 0.99].map(messageBytesAt)).toEqual([97, 177, 282]);
  });

  it('makes texts of that length', () => {
    const random = seeded(7);
    const lengths = Array.from({ length: 5_000 }, () => textOf(random).length);
    const mean = lengths.reduce((sum, one) => sum + one, 0) / lengths.length;
    expect(Math.abs(mean - messageBytesMean())).toBeLessThan(5);
  });

  it('sums Zipf the long way and by the integral to the same', () => {
    let sum = 0;
    for (let n = 1; n <= 200_000; n += 1) sum += n ** -0.9;
    expect(zipfSum(200_000, 0.9) / sum).toBeCloseTo(1, 3);
  });
});

describe('units', () => {
  it('[COST] a message to two people alone is 7 write units: 1 the entry, 3 each row', () => {
    const quiet = { ...defaults, readMarksPerDay: 1e-9 };
    const { table, index } = unitsAt(quiet, { ...trafficAt(quiet, 1), sends: 1 });
    expect(table + index).toBeCloseTo(7);
  });

  it('[COST] messages in bursts of 10 are below 2 write units each', () => {
    const burst = { ...defaults, messagesPerBatch: 10, readMarksPerDay: 1e-9 };
    const { table, index } = unitsAt(burst, { ...trafficAt(burst, 1), sends: 1 });
    expect(table + index).toBeCloseTo(1.6);
  });

  it('pages of 20 cost what their bytes do: 1.5 read units of messages, 2 of inbox rows', () => {
    expect(20 * messageItemBytes).toBeGreaterThan(2 * 4_096);
    expect(units).toMatchObject({ page: { read: 1.5 }, inbox: { read: 2 } });
  });
});

describe('delays', () => {
  it('are none while all is served in its second', () => {
    expect(queueSeconds({ came: [5, 5, 5], served: [5, 5, 5] })).toEqual([0, 0, 0]);
  });

  it('are first come, first served', () => {
    expect(queueSeconds({ came: [10, 0, 0, 0], served: [4, 4, 4, 0] })).toEqual([2, 1, 0, 0]);
  });

  it('of what was never served are as long as the run lasted', () => {
    expect(queueSeconds({ came: [10, 10], served: [10, 0] })).toEqual([0, 1]);
  });

  it('wait for the poll, at most a quarter of a second, and for the batch', () => {
    const delays = delaysOf({ came: [100], served: [100] }, [0.03]);
    expect(weightedPercentile(delays, 1)).toBeLessThan(0.28);
    expect(weightedPercentile(delays, 0.01)).toBeGreaterThan(0.03);
  });
});

describe('the fan-out', () => {
  const shards = { count: 10, parallelism: 1, updatesPerMessage: 2 };

  it('gets through more with more batches at once', () => {
    expect(shardRateMax({ ...shards, parallelism: 10 })).toBeCloseTo(10 * shardRateMax(shards));
  });

  it('slows down when the account has no more executions, and only when full batches do not help', () => {
    const many = { ...shards, count: 100_000 };
    expect(concurrencyOf(many, 4)).toBeGreaterThan(1_000);
    expect(shardRate(many, 4)).toBe(4);
    expect(shardRate(many, 40)).toBeLessThan(10);
    expect(executionSeconds(shards, 4)).toBe(0);
    expect(executionSeconds(many, 4)).toBeGreaterThan(2);
  });

  it('of a conversation whose shard is never empty does one batch after another', () => {
    expect(batchesInLine(2, batchSeconds(100))).toBe(2);
    expect(batchesInLine(50, batchSeconds(100))).toBeCloseTo(15, 0);
  });
});

describe('answers', () => {
  it('are the same for the same seed', () => {
    expect(hours(defaults)).toEqual(hours(defaults));
  });

  it('for a million users refuse nothing, and inboxes are current within a second', () => {
    const { outcome } = hours(defaults);
    expect(outcome.refusedSends).toBe(0);
    expect(outcome.delayP99).toBeLessThan(1);
  });

  it('for a hundred million name the quota first, and no refusal remains once it is raised', () => {
    const huge = { ...defaults, users: 100_000_000 };
    const refused = hours(huge);
    expect(refused.limits[0]?.name).toContain('quota');
    expect(refused.outcome.refusedSends).toBeGreaterThan(0.5);
    expect(hours({ ...huge, unitsQuota: 1_000_000 }).outcome.refusedSends).toBe(0);
  });

  it('for a million users are what one works out by hand', () => {
    const { messagesPerSecond, unitsMean, gigabytes, costs, outcome } = hours(defaults);
    // 1,000,000 people × 40 messages ÷ 86,400 s; 2.5 times that in the busiest hour.
    expect(messagesPerSecond.mean).toBeCloseTo(462.96, 2);
    expect(messagesPerSecond.peak).toBeCloseTo(1_157.4, 1);
    // An entry and two rows each, and 347.2 read marks a second; in the index two units a row, and one a mark.
    expect(unitsMean.table).toBeCloseTo(3 * 462.96 + 347.22, 1);
    expect(unitsMean.index).toBeCloseTo(4 * 462.96 + 347.22, 1);
    // 347.2 pages of 1.5 units, 231.5 inboxes of 2.
    expect(unitsMean.reads).toBeCloseTo(1.5 * 347.22 + 2 * 231.48, 1);
    // 3,935 write units × 2,628,000 s × $0.625 a million.
    expect(costs.writes).toBeCloseTo(6_463, -1);
    expect(costs.reads).toBeCloseTo(323, 0);
    // A year of 14.6 × 10⁹ messages of 499 bytes, and 100 million rows of 712 bytes twice; 100 bytes on top of each item.
    expect(gigabytes).toBeCloseTo((14.6e9 * 599 + 2e8 * 812) / 1e9, -2);
    expect(costs.storage).toBeCloseTo(gigabytes * 0.25, 0);
    // 7.4 TB in partitions of 10 GB.
    expect(outcome.tablePartitions).toBeCloseTo((14.6e9 * 499 + 1e8 * 712) / 1e10, -1);
  });

  it('cost in proportion to messages', () => {
    const twice = costsOf({ ...defaults, messagesPerDay: 80, readMarksPerDay: 60 }, 600);
    expect(twice.writes / costsOf(defaults, 600).writes).toBeCloseTo(2);
  });
});

describe('scenarios', () => {
  it("a celebrity's inbox makes everybody's late, unless what is refused is set aside", () => {
    const inPlace = scenario('celebrity').outcome;
    const setAside = scenario('celebrity-set-aside').outcome;
    expect(inPlace.delayP99).toBeGreaterThan(60);
    expect(setAside.delayP99).toBeLessThan(1);
    expect(setAside.busiestInboxP99).toBeGreaterThan(60);
  });

  it('a flash crowd is refused until the table is warm for it', () => {
    expect(scenario('flash-crowd').outcome.refusedSends).toBeGreaterThan(0.01);
    expect(scenario('flash-crowd-warmed').outcome.refusedSends).toBe(0);
  });

  it('a lost region returns to a replica that is cold for reads', () => {
    expect(scenario('region-lost').outcome.refusedReads).toBeGreaterThan(0.1);
    expect(scenario('region-lost-warmed').outcome.refusedReads).toBe(0);
  });
});

describe('the command', () => {
  const run = async (...args: string[]): Promise<{ code: number; text: string }> => {
    let text = '';
    const code = await main(args, (part) => {
      text += part;
    });
    return { code, text };
  };

  it('reads numbers as people write them', () => {
    expect(parseQuestion(['--users', '1e4', '--group-size', '5'])?.question).toMatchObject({
      users: 10_000,
      groupSize: 5,
    });
  });

  it.each([
    ['--users', 'many'],
    ['--users', '-1'],
    ['--group-size', '1'],
    ['--group-size', '101'],
    ['--shard-parallelism', '11'],
    ['--colour', 'red'],
  ])('refuses %s %s with a line that says why', async (name, value) => {
    const { code, text } = await run(name, value);
    expect(code).toBe(2);
    expect(text).toMatch(/^capacity: .+\n/);
  });

  it('answers with partitions, cost, delay and the first limit', async () => {
    const { code, text } = await run('--users', '1e4');
    expect(code).toBe(0);
    for (const word of ['Partitions', 'Cost a month', 'Inbox delay', 'First limit']) expect(text).toContain(word);
  });

  it('answers in JSON', async () => {
    const answer: unknown = JSON.parse((await run('--users', '1e4', '--json')).text);
    expect(answer).toMatchObject({ question: { users: 10_000 }, outcome: { refusedSends: 0 } });
  });
});
