/** The SDK against the messenger in the test run: seeds of chance, the seeds that once found something, and proof that it finds. */
import { expect, test } from 'vitest';
import { clientMutations } from './device.ts';
import { runClientSeed } from './run.ts';

// A bad network is errors by the thousand, and where each was made nobody asks.
Error.stackTraceLimit = 0;

const seeds = 120;
/** Where the seeds of this run begin; `SIM_SEED=n` gives others. */
const from = Number(process.env.SIM_SEED ?? 1);

test('[LIVE-2] [LOG-4] [LOG-8] [INBOX-1] [INBOX-2] after any schedule of faults every client shows exactly the log', {
  timeout: 600_000,
}, async () => {
  const faulty: string[] = [];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { faults } = await runClientSeed(seed);
    if (faults.length > 0) faulty.push(`seed ${seed}: ${faults[0]}`);
  }
  expect(faulty).toEqual([]);
});

/**
 * 17: a batch that held what somebody wrote and their coming back later left unread what was said without them.
 * 24, 113: refused by one node's clock, a send was given a new uuid while the same request, repeated by the network, was taken by
 * another node. 235: a session that had been ended wrote its outbox over the next one's.
 */
const found = [17, 24, 113, 235];

test.each(found)(
  '[LOG-4] [LOG-8] seed %i, which once found something, finds nothing',
  { timeout: 60_000 },
  async (seed) => {
    expect((await runClientSeed(seed)).faults).toEqual([]);
  },
);

test('a seed of clients gives the same run again', { timeout: 120_000 }, async () => {
  expect(await runClientSeed(7)).toEqual(await runClientSeed(7));
});

test.each(clientMutations)(
  'the simulation of clients notices when %s is broken',
  { timeout: 240_000 },
  async (mutation) => {
    for (let seed = 1; seed <= 100; seed += 1) {
      if ((await runClientSeed(seed, mutation)).faults.length > 0) return;
    }
    expect.fail(`100 seeds did not notice that ${mutation} was broken`);
  },
);
