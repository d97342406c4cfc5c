/** A server process of the soak, as it is built and shipped, which can be killed and started again at the same address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/dynoxide.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface NodeProcess {
  readonly url: string;
  readonly pid: () => number | undefined;
  /** How often it was started: the local issuer's tokens are good for as long as its process lives. */
  readonly startedAt: () => number;
  start(): Promise<void>;
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Holds it still, with its connections open, until `resume`. */
  pause(): void;
  resume(): void;
}

/** @param complain is told each message that the server logs. */
export const startNode = async (
  environment: { readonly [name: string]: string },
  complain: (message: string) => void,
): Promise<NodeProcess> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let startedAt = 0;
  const start = async (): Promise<void> => {
    startedAt += 1;
    const started = spawn(process.execPath, ['dist/server/main.js'], {
      cwd: root,
      env: { PATH: process.env.PATH ?? '', ...environment, PORT: `${port}` },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child = started;
    await new Promise<void>((resolve, reject) => {
      started.stdout?.on('data', (piece: Buffer) => {
        for (const line of piece.toString().split('\n')) {
          if (line.includes('Parley is at')) resolve();
          const message = /"msg":"([^"]*)"/.exec(line)?.[1];
          if (message !== undefined) complain(message);
        }
      });
      started.once('exit', (code) => reject(new Error(`a node ended with ${code}`)));
    });
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    await ended;
  };
  await start();
  return {
    url,
    start,
    stop,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    pid: () => child?.pid,
    startedAt: () => startedAt,
  };
};
