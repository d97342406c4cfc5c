/** A real server in a process of its own, with a data folder of its own, that a test may stop, kill and start again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

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
    child = spawn(process.execPath, ['dist/server/main.js'], {
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
