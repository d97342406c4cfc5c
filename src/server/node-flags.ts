/**
 * Flags of Node's for the standalone server. Node has four threads for what the garbage collector does beside the program, and Node 20
 * also collects what died young in several of them at once, while the program waits. Where there are no idle processors for them
 * they take theirs from whoever is being served, and more of it than they save.
 */
const parallelUpTo = 22;
const fewProcessors = 2;

/** @param version as in `process.versions.node`. */
export const nodeFlags = (version: string, processors: number): string[] => {
  if (processors > fewProcessors) return [];
  const flags = ['--v8-pool-size=1'];
  if (Number(version.split('.')[0]) < parallelUpTo) flags.push('--no-parallel-scavenge');
  return flags;
};
