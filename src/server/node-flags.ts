/** Flags of Node's that `npm start` gives the server. */
import { availableParallelism, totalmem } from 'node:os';

export interface Machine {
  readonly processors: number;
  readonly memoryBytes: number;
}

/** Of a container what it may have, where Node can tell. */
export const thisMachine = (): Machine => ({
  processors: availableParallelism(),
  // 0: no limit is known.
  memoryBytes: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
});

const fewProcessors = 2;
const muchMemory = 2 * 1_024 * 1_024 * 1_024;

/** Found by comparing sends on two processors, in the library and over HTTP, with and without; elsewhere Node decides. */
export const nodeFlags = ({ processors, memoryBytes }: Machine): string[] => {
  const flags: string[] = [];
  // Node has four threads for what the garbage collector does beside the program. Where there are no idle processors for them they
  // take theirs from whoever is being served.
  if (processors <= fewProcessors) flags.push('--v8-pool-size=1');
  // What lives long is looked through when there is this much of it (MB), and not for every few dozen.
  if (memoryBytes >= muchMemory) flags.push('--initial-heap-size=192');
  return flags;
};
