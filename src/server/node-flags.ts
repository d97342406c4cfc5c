/** Flags of Node's for the standalone server, which has a machine or a container to itself. */
import { availableParallelism, totalmem } from 'node:os';

export interface Machine {
  /** As in `process.versions.node`. */
  readonly version: string;
  readonly processors: number;
  readonly memoryBytes: number;
}

export const thisMachine = (): Machine => ({
  version: process.versions.node,
  processors: availableParallelism(),
  // 0: no limit is known.
  memoryBytes: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
});

const parallelUpTo = 22;
const fewProcessors = 2;
const muchMemory = 2 * 1_024 * 1_024 * 1_024;

export const nodeFlags = ({ version, processors, memoryBytes }: Machine): string[] => {
  const flags: string[] = [];
  if (processors <= fewProcessors) {
    // Node has four threads for what the garbage collector does beside the program, and Node 20 also collects what died young in
    // several of them at once, while the program waits. Where there are no idle processors for them they take theirs from
    // whoever is being served, and more of it than they save.
    flags.push('--v8-pool-size=1');
    if (Number(version.split('.')[0]) < parallelUpTo) flags.push('--no-parallel-scavenge');
  }
  // What lives long is looked through when there is this much of it (MB), and not for every few dozen.
  if (memoryBytes >= muchMemory) flags.push('--initial-heap-size=192');
  return flags;
};
