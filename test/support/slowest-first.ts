/** In which order test files run, on two processors and on a fresh checkout, where nothing is known of earlier runs. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What has a process to itself: tests of minutes, whose memory is theirs, what replaces modules, and what draws charts to the letter:
 * the library numbers what it draws, one after the other.
 */
export const processesOwn: string[] = [
  'test/sim/first-half.test.ts',
  'test/sim/second-half.test.ts',
  'test/sim/sdk/sdk.test.ts',
  'test/sim/sim.test.ts',
  'test/lifecycle/users-cli.test.ts',
  'test/crash/kill.test.ts',
  'test/cli/scripts.test.ts',
  'test/api/live.test.ts',
  'test/figures.test.ts',
  'src/table/embedded/journaled-kv-line.test.ts',
  'src/table/embedded/journaled-kv-broken-disk.test.ts',
  'src/table/embedded/journaled-kv-generations.test.ts',
];

/** Slowest first, so that none of them is left over when the other processor is done. */
const order: readonly string[] = [
  ...processesOwn,
  'test/e2e/accessibility.test.ts',
  'test/e2e/conversation.test.ts',
  'test/e2e/scale.test.ts',
  'test/e2e/*.test.ts',
];

const placeOf = (file: string): number => {
  const place = order.findIndex((pattern) => matches(file, pattern));
  return place === -1 ? order.length : place;
};

const matches = (file: string, pattern: string): boolean => {
  const [start = '', end = ''] = pattern.split('*');
  return file.includes(`/${start}`) && file.endsWith(end === '' ? start : end);
};

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => placeOf(one.moduleId) - placeOf(other.moduleId));
  }
}
