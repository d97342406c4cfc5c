/** A server under test as a child process that prints one line of JSON when it listens. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ServerProcess<Ready> {
  readonly pid: number;
  /** What the line said. */
  readonly ready: Ready;
  stop(): Promise<void>;
}

/** Starts a TypeScript module with `process.execArgv` of this process; the first line it prints that is JSON says it is ready. */
export const startServerProcess = async <Ready>(
  module: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<ServerProcess<Ready>> => {
  const child = spawn(process.execPath, [...process.execArgv, module, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await new Promise<Ready>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line) as Ready);
    });
    child.once('exit', (code) => reject(new Error(`${module} ended with ${code} before it was ready`)));
  });
  return {
    pid: child.pid ?? 0,
    ready,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
};
