import { defineConfig } from 'vitest/config';
import { processesOwn, SlowestFirst } from './test/support/slowest-first.ts';

const common = {
  globalSetup: 'test/support/built.ts',
  testTimeout: 30_000,
  hookTimeout: 30_000,
  pool: 'forks',
} as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
        test: { ...common, name: 'own process', include: processesOwn },
      },
      {
        ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
        // A busy machine is slow, which is no failure. Nothing in these waits when it need not.
        test: {
          ...common,
          name: 'browser',
          isolate: false,
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
        // Loading what a file needs takes longer than most files' tests: they share what is loaded, and leave nothing behind.
        test: {
          ...common,
          name: 'shared process',
          isolate: false,
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...processesOwn, 'test/e2e/**'],
        },
      },
    ],
  },
});
