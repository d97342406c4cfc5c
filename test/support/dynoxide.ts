/**
 * A DynamoDB server for tests: the one at `DYNAMODB_ENDPOINT`, or dynoxide on a free port over a file of its own. Where
 * neither is to be had, tests that need one are skipped with the reason, except on CI, where that is a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const testRegion = 'us-east-1';
const startMsMax = 10_000;
const pollMs = 10;

export interface DynamoServer {
  readonly endpoint: string;
  /** Stops the server, where this process started it, and removes its file. */
  stop(): Promise<void>;
}

const findDynoxide = (): string | undefined => {
  try {
    const manifest = createRequire(import.meta.url).resolve('@dynoxide/linux-x64/package.json');
    const binary = join(dirname(manifest), 'dynoxide');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
};

const binary = findDynoxide();
const given = process.env.DYNAMODB_ENDPOINT;

/** Why tests against a server cannot run here; `undefined` when they can. */
const noServerReason: string | undefined =
  given !== undefined || binary !== undefined
    ? undefined
    : '@dynoxide/linux-x64, an optional package, is not installed on this platform, and DYNAMODB_ENDPOINT is not set';

/** For `describe.skipIf`: never true on CI, so that a missing server fails there. */
export const skipServerTests: boolean = noServerReason !== undefined && process.env.CI === undefined;

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });

const answers = async (endpoint: string): Promise<boolean> => {
  try {
    await fetch(endpoint);
    return true;
  } catch {
    return false;
  }
};

const stopProcess = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
};

/** Starts dynoxide, or gives the server that the environment names. */
export const startDynamoServer = async (): Promise<DynamoServer> => {
  if (given !== undefined) return { endpoint: given, stop: () => Promise.resolve() };
  if (binary === undefined) throw new Error(noServerReason);
  const folder = await mkdtemp(join(tmpdir(), 'parley-dynoxide-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(binary, ['serve', '--port', String(port), '--db-path', join(folder, 'table.db')], {
    stdio: 'ignore',
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    await stopProcess(child);
    await rm(folder, { recursive: true, force: true });
  };
  for (let waited = 0; waited < startMsMax; waited += pollMs) {
    if (child.exitCode !== null) break;
    if (await answers(endpoint)) return { endpoint, stop };
    await sleep(pollMs);
  }
  await stop();
  throw new Error(`dynoxide did not start on port ${port}`);
};
