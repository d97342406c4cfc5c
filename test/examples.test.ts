/** Each door of the package has an example, and each example runs, on the package as it is built. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

const printed: readonly [example: string, prints: string][] = [
  ['table', '1 0.5'],
  ['messenger', '1 hello'],
  ['server', '1 hello\n1'],
  ['lambda', 'function'],
];

test.each(printed)('examples/%s.ts runs', { timeout: 60_000 }, async (example, prints) => {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', `examples/${example}.ts`], {
    env: { ...process.env, AWS_REGION: 'us-east-1', DYNAMODB_TABLE: 'parley', NODE_ENV: 'test' },
  });
  expect(stdout.trim()).toBe(prints);
});
