/**
 * A Valkey server for tests: Debian's redis-server, which speaks the same protocol, on a port of its own and without files.
 * Where there is none, tests that need one are skipped, except on CI, where that is a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './dynoxide.ts';

const startMsMax = 10_000;
const pollMs = 10;

const findServer = (): string | undefined => {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['valkey-server', 'redis-server']) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
};

const binary = findServer();

/** For `describe.skipIf`: neither valkey-server nor redis-server is installed. Never true on CI. */
export const skipValkeyTests: boolean = binary === undefined && process.env.CI === undefined;

export interface ValkeyServer {
  readonly url: string;
  readonly port: number;
  /** Stops it from answering, with its connections open, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends it at once; `start` begins a new one at the same address, empty unless the settings keep what it holds. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** @param settings more of the server's own options, as its command line has them; they come last, and so count. */
export const startValkeyServer = async (settings: readonly string[] = []): Promise<ValkeyServer> => {
  if (binary === undefined) throw new Error('neither valkey-server nor redis-server is installed');
  const port = await freePort();
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...settings];
    const started = spawn(binary, options, { stdio: 'ignore' });
    child = started;
    for (let waited = 0; waited < startMsMax; waited += pollMs) {
      if (started.exitCode !== null) break;
      const accepted = await accepts(port);
      await sleep(pollMs);
      // Whoever accepts must be this one: a port that was free a moment ago may be somebody else's by now.
      if (accepted && started.exitCode === null) return;
    }
    throw new Error(`${binary} did not start on port ${port}`);
  };
  const kill = async (): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill('SIGKILL');
    await ended;
  };

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    kill,
    start,
    stop: kill,
  };
};
