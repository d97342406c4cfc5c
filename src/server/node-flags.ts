/**
 * Flags of Node's for the standalone server. Node 20 collects what died young in several threads at once. Where there are no idle
 * processors for them they take theirs from whoever is being served, and more of it than they save: on two processors a send
 * over HTTP takes a sixth less without. Node 24 needs no help.
 */
const parallelUpTo = 22;
const fewProcessors = 2;

/** @param version as in `process.versions.node`. */
export const nodeFlags = (version: string, processors: number): string[] =>
  Number(version.split('.')[0]) < parallelUpTo && processors <= fewProcessors ? ['--no-parallel-scavenge'] : [];
