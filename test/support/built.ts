/**
 * Builds what is stale before any test runs: many tests start the compiled program as a process, and one of yesterday's proves
 * nothing. `pretest` has done it for `npm test`; this is for whoever runs vitest, or a script, by itself.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ensure = fileURLToPath(new URL('../../scripts/ensure.mjs', import.meta.url));

const build = (): void => {
  // A test runner's NODE_ENV would build React for development.
  const { NODE_ENV: _, ...env } = process.env;
  if (spawnSync(process.execPath, [ensure], { env, stdio: 'inherit' }).status !== 0)
    throw new Error('what the tests run does not build');
};

export default build;
