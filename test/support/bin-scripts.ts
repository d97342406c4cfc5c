/** The scripts of `bin`, each call a process of its own, as a person calls them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the scripts are. */
export const bin = fileURLToPath(new URL('../../bin', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export const begin = (command: string, args: readonly string[], env: Record<string, string>): ChildProcess =>
  spawn(command, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['pipe', 'pipe', 'pipe'] });

export const ended = (child: ChildProcess): Promise<Ran> =>
  new Promise((resolve, reject) => {
    let [out, err] = ['', ''];
    child.stdout?.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });

export const run = (script: string, args: readonly string[], env: Record<string, string>): Promise<Ran> => {
  const child = begin(join(bin, script), args, env);
  child.stdin?.end();
  return ended(child);
};

/** As in a terminal, in which somebody types: at once, or `after` they have read that. */
export const inTerminal = (
  script: string,
  args: readonly string[],
  env: Record<string, string>,
  typed = '',
  after?: string,
): Promise<Ran> => {
  const child = begin('script', ['-qec', [join(bin, script), ...args].join(' '), '/dev/null'], env);
  if (after === undefined) child.stdin?.write(typed);
  else {
    let read = '';
    child.stdout?.on('data', (chunk) => {
      const before = read.includes(after);
      read += chunk;
      if (!before && read.includes(after)) child.stdin?.write(typed);
    });
  }
  return ended(child);
};
