/** Where the time of a stretch of work goes, by the steps of a page: out of a CPU profile that V8 wrote of the whole process. */
import { readFileSync } from 'node:fs';

/** What V8 writes with `--cpu-prof`; times in microseconds of the system's monotonic clock. */
interface CpuProfile {
  readonly startTime: number;
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

export const stepNames = [
  'authenticate',
  'authorize',
  'read the table',
  'decode',
  'open texts',
  'shape',
  'serialise',
  'HTTP and the rest',
  'garbage collection',
] as const;
export type Step = (typeof stepNames)[number];

/** The first that fits a frame says which step it belongs to; the rooms are those of `src/`. */
const places: readonly (readonly [RegExp, Step])[] = [
  [/\/crypto\/[a-z-]+\.[jt]s$/, 'open texts'],
  [/\/table\/embedded\/codec\.|node_modules\/msgpackr\//, 'decode'],
  [/\/(table|store|cache)\/|\/messenger\/pages\.|node_modules\/(lmdb|lru-cache)\//, 'read the table'],
  [/\/server\/(auth\/|admission|rate-limits)|\/lifecycle\/status|node_modules\/jose\//, 'authenticate'],
  [/\/messenger\/(memberships|profiles)\.|\/domain\/membership/, 'authorize'],
  [/\/messenger\/|\/domain\//, 'shape'],
  [/node_modules\/fastify\/|\/server\/|^node:(_http|net$|internal\/stream)/, 'HTTP and the rest'],
];

const stepOf = ({ functionName, url }: ProfileNode['callFrame']): Step | undefined => {
  if (functionName === '(garbage collector)') return 'garbage collection';
  // What is generated from a schema has no file; who calls it does.
  if (functionName === 'serialize' && /node_modules\/fastify\//.test(url)) return 'serialise';
  return places.find(([place]) => place.test(url))?.[1];
};

/**
 * Microseconds in each step between two moments (`process.hrtime`, in microseconds). A sample counts for the innermost of its
 * frames that belongs to a step, so that Node's ciphers count as opening and LMDB's as reading.
 */
export const stepsOf = (file: string, from: number, to: number): Readonly<Record<Step, number>> => {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])));
  const steps = new Map<number, Step | undefined>();
  const stepOfNode = (id: number): Step => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const node = nodes.get(at);
      if (node === undefined) break;
      if (!steps.has(at)) steps.set(at, stepOf(node.callFrame));
      const step = steps.get(at);
      if (step !== undefined) return step;
    }
    return 'HTTP and the rest';
  };
  const sums = Object.fromEntries(stepNames.map((step) => [step, 0])) as Record<Step, number>;
  let at = profile.startTime;
  for (const [n, id] of profile.samples.entries()) {
    const micros = profile.timeDeltas[n] ?? 0;
    at += micros;
    if (at < from || at > to || nodes.get(id)?.callFrame.functionName === '(idle)') continue;
    sums[stepOfNode(id)] += micros;
  }
  return sums;
};
