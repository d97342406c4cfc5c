/**
 * The thousand seeds of a test run, in two halves: two test files, so that two processors run them side by side. They
 * begin with 1; `SIM_SEED=n` gives another thousand.
 */
import { runSeed } from './run.ts';

const half = 500;

/** On a busy machine, in milliseconds. */
export const halfMsMax = 240_000;

/** Runs one half; resolves to what is wrong, by seed. Without traces: a bad network is errors by the thousand. */
export const faultsOf = async (which: 'first' | 'second'): Promise<readonly string[]> => {
  Error.stackTraceLimit = 0;
  const from = Number(process.env.SIM_SEED ?? 1) + (which === 'first' ? 0 : half);
  const faulty: string[] = [];
  for (let seed = from; seed < from + half; seed += 1) {
    const { faults } = await runSeed(seed);
    if (faults.length > 0) faulty.push(`seed ${seed}: ${faults[0]}`);
  }
  return faulty;
};
