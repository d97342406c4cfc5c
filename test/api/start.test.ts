/** The server as a process: what stops its start, in one clear line, and that it stops when it is told to. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dataLayout } from '#server/adapters';
import { encodeNumber } from '#table/embedded/codec';
import { openLmdbKv } from '#table/embedded/lmdb-kv';

const root = fileURLToPath(new URL('../../', import.meta.url));
const main = join(root, 'dist', 'server', 'main.js');

// Each start takes a second, and several on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let running: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-start-'));
});

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running = [];
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  /** The address, once it says so. */
  readonly address: Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>;
}

/** `through` is a command that runs the command after it, in circumstances of its own. */
const start = (environment: Record<string, string> = {}, through: readonly string[] = []): Started =>
  startAs([...through, process.execPath, main], environment);

const startAs = ([command = '', ...args]: readonly string[], environment: Record<string, string> = {}): Started => {
  const inherited = { PATH: process.env.PATH ?? '', HOME: folder };
  const child = spawn(command, args, {
    cwd: root,
    env: { ...inherited, PARLEY_DATA: join(folder, 'data'), PORT: '0', LOG_LEVEL: 'silent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, errors })),
  );
  const address = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      const found = /http:\/\/\S+/.exec(String(chunk))?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once('close', () => reject(new Error(`it ended: ${errors}`)));
  });
  address.catch(() => undefined);
  return { child, address, ended };
};

const refusal = async (environment?: Record<string, string>, through?: readonly string[]): Promise<string> => {
  const { code, errors } = await start(environment, through).ended;
  expect(code).toBe(1);
  expect(errors.trim().split('\n')).toHaveLength(1);
  expect(errors).not.toMatch(/\bat \S+:\d+/);
  return errors;
};

describe('one clear line stops the start', () => {
  test('a contradiction in the environment', async () => {
    expect(await refusal({ HOST: '0.0.0.0' })).toMatch(/^parley: HOST is 0\.0\.0\.0, but the local sign-in/);
  });

  test('a data folder that another server has; free again once that one was killed', async () => {
    const first = start();
    await first.address;
    expect(await refusal()).toMatch(/in use by another server \(process \d+\)/);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = start();
    expect(await second.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('a data folder that is a file', async () => {
    await writeFile(join(folder, 'data'), 'not a folder');
    expect(await refusal()).toMatch(/^parley: The data folder .*data is a file, or lies in one \(PARLEY_DATA\)/);
    expect(await refusal({ PARLEY_DATA: join(folder, 'data', 'beneath') })).toMatch(
      /beneath is a file, or lies in one \(PARLEY_DATA\)/,
    );
  });

  test('a read-only data folder', async () => {
    await mkdir(join(folder, 'data'));
    await chmod(join(folder, 'data'), 0o500);
    // The superuser writes anywhere, unless that right is taken from them.
    const asAnybody = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--'];
    const through = process.getuid?.() === 0 ? asAnybody : [];
    expect(await refusal({}, through)).toMatch(/cannot be written \(EACCES\)/);
  });

  test('a data folder in which no file may grow', async () => {
    // A limit on the size of files stands in for a disk that refuses the first byte.
    const through = ['sh', '-c', 'ulimit -f 0; trap "" XFSZ; exec "$@"', 'sh'];
    expect(await refusal({}, through)).toMatch(/cannot be written \(EFBIG\)/);
  });

  // A disk of one megabyte, seen by this command alone.
  const onSmallDisk = (path: string): readonly string[] => [
    ...['unshare', '--map-root-user', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'],
    path,
  ];
  const mounts = spawnSync('unshare', ['--map-root-user', '--mount', 'true']).status === 0;
  test.skipIf(!mounts /* a machine that lets nobody mount */)('a data folder on a disk that is full', async () => {
    await mkdir(join(folder, 'data'));
    expect(await refusal({}, onSmallDisk(join(folder, 'data')))).toMatch(/is on a disk that is full/);
  });

  test('a data folder of a newer version', async () => {
    const tables = join(dataLayout(join(folder, 'data')).main, 'tables', 'parley');
    await mkdir(tables, { recursive: true });
    const kv = openLmdbKv(tables);
    await kv.transact((writer) => writer.put('meta', 'format', encodeNumber(99)));
    await kv.close();
    expect(await refusal()).toMatch(/written by another version of Parley \(its format is 99/);
  });

  test.each([
    ['that others can read', 0o644, '{}', 'can be read by others; change its mode to 0600'],
    ['that holds no key', 0o600, 'no JSON', 'does not hold a key'],
  ])('[SEC-2] a key file %s', async (_what, mode, content, said) => {
    const { keyFiles } = dataLayout(join(folder, 'data'));
    await mkdir(keyFiles, { recursive: true });
    await writeFile(join(keyFiles, 'kek-000001.json'), content, { mode });
    expect(await refusal()).toMatch(new RegExp(`^parley: The key file .* ${said}`));
  });

  test('an address that is taken, with what chooses another', async () => {
    const first = start();
    const { port } = new URL(await first.address);
    const said = await refusal({ PORT: port, PARLEY_DATA: join(folder, 'other') });
    expect(said).toMatch(/EADDRINUSE.*PORT chooses another port/);
  });

  test('an address that is not of this machine, with what chooses another', async () => {
    const cognito = { COGNITO_USER_POOL_ID: 'eu-central-1_AbCdEf123', COGNITO_CLIENT_ID: 'abc123' };
    // Of those set aside for documents, which no machine has.
    expect(await refusal({ ...cognito, HOST: '192.0.2.1' })).toMatch(/EADDRNOTAVAIL.*HOST chooses an address/);
  });
});

test('told to stop, it stops within ten seconds, with a stream open, and lets go of its folder', async () => {
  const { child, address, ended } = start();
  const at = await address;
  const signIn = await fetch(`${at}/v1/dev/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ handle: 'ada' }),
  });
  const { access_token } = (await signIn.json()) as { access_token: string };
  const stream = await fetch(`${at}/v1/events`, { headers: { authorization: `Bearer ${access_token}` } });
  child.kill('SIGTERM');
  expect(await stream.text()).toMatch(/event: bye\ndata: \{"reason":"shutting_down"/);
  expect((await ended).code).toBe(0);
  const again = start();
  await again.address;
});

test('`npm start`, told to stop, ends when the server has, and leaves none behind', async () => {
  const { child, address, ended } = startAs(['npm', 'start']);
  const at = await address;
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  await expect(fetch(`${at}/healthz`)).rejects.toThrow();
});
