/** The machine, the date and the versions that a figure is worth nothing without. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** The file system that the data lay on. */
  readonly fileSystem: string;
  readonly node: string;
  readonly commit: string;
}

const output = (command: string, args: readonly string[]): string => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
};

const distribution = (): string => {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch {
    return process.platform;
  }
};

export const describeMachine = (now: Date): Machine => ({
  date: now.toISOString().slice(0, 10),
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${distribution()}, ${release()}`,
  fileSystem: output('stat', ['-f', '-c', '%T', tmpdir()]),
  node: process.version,
  commit: output('git', ['rev-parse', '--short', 'HEAD']),
});
