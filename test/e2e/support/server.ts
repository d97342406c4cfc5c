/** A real server in a process of its own, with a data folder of its own, that a test may stop, kill and start again. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A build takes two seconds, on a busy machine ten. */
const buildMsMax = 60_000;
const root = fileURLToPath(new URL('../../..', import.meta.url));

const newestMs = (path: string): number =>
  Math.max(
    ...readdirSync(join(root, path), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => statSync(join(file.parentPath, file.name)).mtimeMs),
  );

const builtMs = (): number => statSync(join(root, 'web/dist/index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const stale = (): boolean => builtMs() < Math.max(...['web/src', 'web/public', 'src/client'].map(newestMs));

/** Builds the web app unless it is as new as its sources: a test of yesterday's build proves nothing. One at a time. */
export const buildWeb = async (): Promise<void> => {
  const lock = join(tmpdir(), 'parley-e2e-build.lock');
  while (stale()) {
    try {
      mkdirSync(lock);
    } catch {
      // Another test file builds. A lock that outlives any build was left by one that was killed.
      if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0) > buildMsMax) rmdirSync(lock);
      await setTimeout(100);
      continue;
    }
    try {
      const vite = ['node_modules/vite/bin/vite.js', 'build', 'web', '--logLevel', 'warn'];
      // A test runner's NODE_ENV would build React for development.
      const env = { ...process.env, NODE_ENV: 'production' };
      const built = spawnSync(process.execPath, vite, { cwd: root, encoding: 'utf8', env });
      if (built.status !== 0) throw new Error(`the web app does not build:\n${built.stdout}${built.stderr}`);
    } finally {
      rmdirSync(lock);
    }
  }
};

export interface TestServer {
  readonly url: string;
  readonly data: string;
  /** Ends the process in an orderly way, or at once; the data stays. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  /** Stops it and removes the data. */
  close(): Promise<void>;
}

const listening = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    const hear = (piece: Buffer): void => {
      said += piece.toString();
      const url = /Parley is at (http:\S+)/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said}`)));
  });

export interface ServerOptions {
  /** The sample people and conversations of a first start. */
  readonly demo?: boolean;
  /** Fills the data folder before the server opens it. */
  readonly prepare?: (data: string) => Promise<void>;
}

export const startServer = async ({ demo = false, prepare }: ServerOptions = {}): Promise<TestServer> => {
  const data = mkdtempSync(join(tmpdir(), 'parley-e2e-'));
  await prepare?.(data);
  let child: ChildProcess | undefined;
  let url = '';
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', 'src/server/main.ts'], {
      cwd: root,
      env: {
        PATH: process.env.PATH ?? '',
        PORT: url === '' ? '0' : new URL(url).port,
        PARLEY_DATA: data,
        PARLEY_DEMO: demo ? '1' : '0',
        LOG_LEVEL: 'warn',
        // Tests click faster than people.
        RATE_LIMIT_PER_USER: '1000',
        RATE_LIMIT_PER_ADDRESS: '5000',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    url = await listening(child);
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    await new Promise<void>((resolve) => {
      ending.once('exit', () => resolve());
      ending.kill(signal);
    });
  };
  await start();
  return {
    get url() {
      return url;
    },
    data,
    start,
    stop,
    close: async () => {
      await stop('SIGKILL');
      rmSync(data, { recursive: true, force: true });
    },
  };
};
