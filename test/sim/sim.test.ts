/** The simulation in the test run: a thousand seeds, the seeds that once found something, and proof that it finds. */
import { expect, test } from 'vitest';
import { runSeed } from './run.ts';
import type { Mutation } from './truth.ts';

const seeds = 1_000;
/** Where the seeds of this run begin; `SIM_SEED=n` gives another thousand. */
const from = Number(process.env.SIM_SEED ?? 1);

test('[LOG-1] [LOG-2] [LOG-4] [LOG-6] [LOG-8] [PAGE-2] [INBOX-2] [INBOX-3] [INBOX-5] [CONV-1] hold in a thousand seeded runs', {
  timeout: 240_000,
}, async () => {
  const faulty: string[] = [];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { faults } = await runSeed(seed);
    if (faults.length > 0) faulty.push(`seed ${seed}: ${faults[0]}`);
  }
  expect(faulty).toEqual([]);
});

test('a seed gives the same run again', async () => {
  expect(await runSeed(7)).toEqual(await runSeed(7));
});

const mutations: readonly Mutation[] = ['LOG-1', 'LOG-3', 'INBOX-3', 'CONV-1', 'INBOX-5', 'CACHE'];

test.each(mutations)('the simulation notices when %s is broken', { timeout: 120_000 }, async (mutation) => {
  for (let seed = 1; seed <= 200; seed += 1) {
    if ((await runSeed(seed, mutation)).faults.length > 0) return;
  }
  expect.fail(`200 seeds did not notice that ${mutation} was broken`);
});
