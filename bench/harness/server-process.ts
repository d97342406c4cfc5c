/** A server under test as a child process that prints a line when it listens. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { nodeFlags, thisMachine } from '#server/node-flags';

export interface ServerProcess<Ready> {
  readonly pid: number;
  /** What the line said. */
  readonly ready: Ready;
  stop(): Promise<void>;
}

/** A line of JSON that names the port, as the benchmarks' own servers print it. */
export const portInJson = (line: string): { readonly port: number } | undefined =>
  line.startsWith('{') ? (JSON.parse(line) as { port: number }) : undefined;

/**
 * Starts a module as this process was started, with the flags that `npm start` gives the server, Parley or a rival, and with
 * further ones; `readyIn` understands the line that says it is ready.
 */
export const startServerProcess = async <Ready>(
  module: string,
  args: readonly string[],
  readyIn: (line: string) => Ready | undefined,
  env: NodeJS.ProcessEnv = process.env,
  flags: readonly string[] = [],
): Promise<ServerProcess<Ready>> => {
  const own = nodeFlags(thisMachine()).filter((flag) => !process.execArgv.includes(flag));
  const child = spawn(process.execPath, [...process.execArgv, ...own, ...flags, module, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await new Promise<Ready>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const said = readyIn(line);
      if (said !== undefined) resolve(said);
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
