/** `npm start -- --dynamodb-local`: what it prints can be copied as it stands, and what it refuses is one line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { begin, ended } from './support/bin-scripts.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dynoxide = join(root, 'node_modules/@dynoxide/linux-x64/dynoxide');

// Each start is several processes, and a busy machine takes seconds for one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-dynamodb-local-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const start = (environment: Record<string, string>): ChildProcess => {
  const quiet = { LOG_LEVEL: 'silent', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
  return begin(process.execPath, [join(root, 'scripts/start.mjs'), '--dynamodb-local'], { ...quiet, ...environment });
};

/** What a start says until the server is there. */
const heard = async (child: ChildProcess): Promise<string> => {
  let out = '';
  for await (const chunk of child.stdout ?? []) {
    out += chunk;
    if (out.includes('Parley is at')) return out;
  }
  throw new Error(`it ended: ${out}`);
};

// Why there may be none: dynoxide is an optional package, and for Linux x64 only.
test.skipIf(!existsSync(dynoxide))('the script that it names shows the texts of this very table, opened', async () => {
  const child = start({ PORT: '0', DYNAMODB_TABLE: 'talk', PARLEY_DATA: join(folder, "it's here") });
  try {
    const said = await heard(child);
    const line = said.split('\n').find((one) => one.includes(' bin/ddb/'));
    const shell = spawn('sh', ['-c', line ?? 'false'], { cwd: root, env: { PATH: process.env.PATH ?? '' } });
    const { code, out } = await ended(shell);
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d+ +\S+ +(ana|ben) +\w/m)]);
    expect(out).not.toContain('unreadable');
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

test('an option that npm has taken for its own is not left out without a word', async () => {
  const env = { PATH: process.env.PATH ?? '', HOME: folder, PARLEY_DATA: join(folder, 'refused') };
  const { code, err } = await ended(spawn('npm', ['start', '--silent', '--dynamodb-local'], { cwd: root, env }));
  expect([code, err]).toEqual([2, expect.stringMatching(/^parley: npm passes on only what comes after "--"/m)]);
});

describe('one line stops the start', () => {
  const refusal = async (environment: Record<string, string>): Promise<string> => {
    const { code, out, err } = await ended(start({ PARLEY_DATA: join(folder, 'refused'), ...environment }));
    expect([code, out, err.trim().split('\n')]).toEqual([1, '', [expect.any(String)]]);
    return err;
  };

  test.each([
    [{ DYNAMODB_PORT: 'abc' }, /^parley: DYNAMODB_PORT is "abc": give a whole number from 0 to 65535/],
    [{ DYNAMODB_PORT: '65536' }, /^parley: DYNAMODB_PORT is "65536"/],
    [{ DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000' }, /^parley: DYNAMODB_ENDPOINT names a DynamoDB server, but/],
    [{ PORT: 'abc' }, /^parley: PORT is "abc"/],
  ])('%j', async (environment, line) => {
    expect(await refusal(environment)).toMatch(line);
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    expect(await refusal({ DYNAMODB_PORT: port })).toMatch(/^parley: DYNAMODB_PORT is \d+, .*EADDRINUSE.*another port/);
    other.close();
  });

  test.skipIf(!existsSync(dynoxide))('a data folder that is a file', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(await refusal({ PARLEY_DATA: join(folder, 'file') })).toMatch(
      /^parley: .*file is a file, or lies in one \(PARLEY_DATA\)/,
    );
  });
});
