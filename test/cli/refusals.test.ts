/** What the scripts refuse, and how a failure is told: one line that says what is wrong, never a trace. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Ran, run } from '../support/bin-scripts.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-refusals-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const usage = '--help says how it is called';

/** One line, and for a mistake in the call one more that says where to look. */
const refusal = ({ code, out, err }: Ran): { code: number | null; line: string } => {
  const lines = err.trim().split('\n');
  if (code === 2) expect(lines.pop()).toBe(usage);
  expect([out, lines]).toEqual(['', [expect.any(String)]]);
  return { code, line: lines[0] ?? '' };
};

describe('a script refuses', () => {
  test.concurrent.each([
    'ddb/drop Prod --yes',
    'ddb/scan foo',
    'ddb/seed foo',
    'ddb/schema-load foo',
    'ddb/list-tables foo',
    'ddb/tail foo --once',
    'ddb/import a foo',
    'ddb/patterns/list-conversations ana foo',
    'ddb/patterns/get-conversation a foo',
    'ddb/patterns/update-message-group a foo',
    'users list foo',
    'users resume foo',
    'users show ana foo',
  ])('words that it does nothing with, and does nothing: %s', async (line) => {
    const [script = '', ...args] = line.split(' ');
    const data = join(folder, `words ${line.replaceAll('/', ' ')}`);
    const { code, line: said } = refusal(await run(script, args, { PARLEY_DATA: data }));
    expect([code, said]).toEqual([2, expect.stringMatching(/^what is "(foo|Prod)"\?/)]);
    expect(existsSync(data)).toBe(false);
  });

  test.concurrent.each([
    'ddb/scan --limit abc',
    'ddb/scan --limit 0',
    'ddb/patterns/get-conversation --limit abc',
    'ddb/patterns/get-conversation --limit 0',
    'ddb/patterns/list-conversations --limit foo',
    'ddb/patterns/list-conversations --limit 1.5',
  ])('a limit that is no count: %s', async (line) => {
    const [script = '', ...args] = line.split(' ');
    const { code, line: said } = refusal(await run(script, args, { PARLEY_DATA: join(folder, 'limits') }));
    expect([code, said]).toEqual([2, expect.stringMatching(/^--limit is "\S+": give a whole number from 1 to \d+$/)]);
  });

  test('to take an empty AWS_REGION for the embedded table, where the word prod says otherwise', async () => {
    // The name of a table is refused on the embedded one, so the question whether to drop it says where that would be.
    const { line } = refusal(await run('ddb/drop', ['prod'], { AWS_REGION: '', DYNAMODB_TABLE: 'talk' }));
    expect(line).toMatch(/^drop asks first/);
  });
});
