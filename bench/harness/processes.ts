/** CPU and memory of other processes, children included, read from /proc; nothing elsewhere, where figures are then absent. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks per second of /proc's times: 100 on every Linux that Node supports (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** User and system time, its own and that of children it has waited for, in microseconds. */
  readonly cpuMicros: number;
}

const timesOf = (pid: number): ProcessTimes | undefined => {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // It has ended.
  }
  // The second field is the name in brackets and may hold spaces; proc(5) numbers the fields after it from 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (n: number): number => Number(fields[n - 3] ?? 0);
  const ticks = field(14) + field(15) + field(16) + field(17);
  return { pid, parent: field(4), cpuMicros: (ticks * 1_000_000) / ticksPerSecond };
};

const withChildren = (roots: readonly number[]): readonly ProcessTimes[] => {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => timesOf(Number(name)) ?? []);
  const wanted = new Set(roots);
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const one of all) if (wanted.has(one.parent)) wanted.add(one.pid);
  }
  return all.filter((one) => wanted.has(one.pid));
};

/** Microseconds of CPU so far. Precise to 10 ms a process: take differences over seconds. */
export const cpuMicrosOf = (roots: readonly number[]): number =>
  roots.length === 0 ? 0 : withChildren(roots).reduce((sum, one) => sum + one.cpuMicros, 0);

/**
 * Microseconds of CPU so far of one process's threads, children not included; precise to the scheduler's nanoseconds, so that a
 * tenth of a second can be measured. NaN where the kernel does not tell.
 */
export const threadMicrosOf = (pid: number): number => {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
      const [nanos = ''] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      return sum + Number(nanos) / 1_000;
    }, 0);
  } catch {
    return Number.NaN;
  }
};

/** Proportional resident memory in bytes: a page shared by n processes counts 1/n in each, so that a sum is honest. */
export const memoryOf = (roots: readonly number[]): number =>
  withChildren(roots).reduce((sum, one) => {
    try {
      const line = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${one.pid}/smaps_rollup`, 'utf8'));
      return sum + Number(line?.[1] ?? 0) * 1_024;
    } catch {
      return sum;
    }
  }, 0);

/** Ids of the processes and of all their children, that have not ended. */
export const processTree = (roots: readonly number[]): readonly number[] => withChildren(roots).map((one) => one.pid);
