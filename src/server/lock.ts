/**
 * One server to a data folder: a lock file that names its holder. A holder that is no longer running (killed, or the machine
 * was restarted) holds nothing, and its file is taken over.
 */
import { linkSync, mkdirSync, readFileSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Somebody else serves this folder. */
export class LockedError extends Error {}

const fileName = 'server.lock';
/** Taking a dead holder's file away is one short step; a mark of it this old was left by a process that died in that step. */
const breakingMs = 10_000;

const codeOf = (error: unknown): string | undefined => (error as { readonly code?: string }).code;

/** When the process began, in the kernel's ticks since the machine did: tells a process from a later one with its number. */
const startOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
};

const bootOf = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
};

interface Holder {
  readonly pid: number;
  readonly start?: string;
  readonly boot: string;
}

const self = (): Holder => {
  const start = startOf(process.pid);
  return { pid: process.pid, boot: bootOf(), ...(start !== undefined && { start }) };
};

const isRunning = ({ pid, start, boot }: Holder): boolean => {
  if (boot !== bootOf()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  return start === undefined || startOf(pid) === start;
};

const holderIn = (path: string): Holder | undefined => {
  try {
    const { pid, start, boot } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    if (typeof pid !== 'number' || pid <= 0) return undefined;
    return { pid, boot: String(boot ?? ''), ...(typeof start === 'string' && { start }) };
  } catch {
    return undefined;
  }
};

const remove = (path: string): void => {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
};

/** Removes a dead holder's file. A mark keeps two that try at once from removing the other's new one. */
const breakStale = (folder: string, path: string): void => {
  const mark = `${path}.breaking`;
  try {
    mkdirSync(mark);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (Date.now() - statSync(mark).mtimeMs < breakingMs)
      throw new LockedError(`Another server is starting on ${folder}.`);
    rmdirSync(mark);
    return;
  }
  try {
    const holder = holderIn(path);
    if (holder === undefined || !isRunning(holder)) remove(path);
  } finally {
    rmdirSync(mark);
  }
};

/**
 * Takes the folder's lock and returns the function that gives it back. Throws a LockedError, in words for a person, when a
 * running server has it.
 */
export const lockFolder = (folder: string): (() => void) => {
  const path = join(folder, fileName);
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(self()));
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        // A link appears at once with its content, or not at all.
        linkSync(own, path);
        return () => remove(path);
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      const holder = holderIn(path);
      if (holder !== undefined && isRunning(holder))
        throw new LockedError(`The data folder ${folder} is in use by another server (process ${holder.pid}).`);
      breakStale(folder, path);
    }
    throw new LockedError(`The data folder ${folder} is in use by another server.`);
  } finally {
    remove(own);
  }
};
