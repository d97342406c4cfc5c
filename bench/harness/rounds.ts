/**
 * Side by side in alternating rounds (A B A B …): every subject is measured once in each round, in turn, so that a machine
 * that slows down slows all of them, and each figure is the median over rounds with its spread.
 */
import { fork } from 'node:child_process';
import { setTimeout as passed } from 'node:timers/promises';
import { nodeFlags, thisMachine } from '#server/node-flags';
import type { Load, RoundResult } from './loop.ts';
import { benchModule } from './modules.ts';
import type { FromRunner, ToRunner } from './runner.ts';
import { type Spread, spreadOf } from './stats.ts';
import type { AnyOperation } from './subject.ts';
import type { WorldSize } from './world.ts';

/** A module under `bench/subjects/` over a folder that was filled before, and is left as it is; several may share a module. */
export interface Prepared {
  readonly name: string;
  readonly module: string;
  readonly folder: string;
}

export interface Plan {
  /** Names of modules under `bench/subjects/`, or prepared ones; the first is what the others are compared with. */
  readonly subjects: readonly (string | Prepared)[];
  readonly operations: readonly AnyOperation[];
  readonly inFlight: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly world: WorldSize;
}

export interface Figure {
  readonly subject: string;
  readonly operation: AnyOperation;
  readonly inFlight: number;
  readonly rounds: number;
  readonly opsPerSecond: Spread;
  /** Milliseconds. */
  readonly p50: Spread;
  readonly p99: Spread;
  /** Microseconds per operation. */
  readonly cpuServer: Spread;
  readonly cpuClient: Spread;
}

export interface SideBySide {
  readonly figures: readonly Figure[];
  readonly skipped: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly loadedSeconds: Readonly<Record<string, number>>;
  /** Proportional resident memory after the last round, the subject's runner and its servers. */
  readonly memoryBytes: Readonly<Record<string, number>>;
}

export interface Runner {
  readonly name: string;
  readonly pid: number;
  readonly ready: Extract<FromRunner, { ready: true }>;
  run(load: Load): Promise<Extract<FromRunner, { result: RoundResult }>>;
  close(): Promise<void>;
}

/**
 * What a subject has put off is its own to do: a journal that is carried over, a checkpoint. After a round of writes it gets so
 * long for that (Parley begins after a second at rest) before it is the next one's turn.
 */
const restMs = 2_500;

/** Loading the standard world takes seconds; this bounds a subject that hangs. */
const answerMsMax = 300_000;

/**
 * The process that asks, or that holds a library, has the flags that `npm start` gives the server on this machine.
 * @param nodeArgs given to Node itself, there and in the server that the subject starts.
 */
export const startRunner = async (
  subject: string | Prepared,
  size: WorldSize,
  nodeArgs: readonly string[] = [],
): Promise<Runner | { readonly name: string; readonly skipped: string }> => {
  const { name, module, folder }: Partial<Prepared> & Omit<Prepared, 'folder'> =
    typeof subject === 'string' ? { name: subject, module: subject } : subject;
  const args = [benchModule(`subjects/${module}`), JSON.stringify(size), ...(folder === undefined ? [] : [folder])];
  const child = fork(benchModule('harness/runner'), args, {
    execArgv: [...process.execArgv, ...nodeFlags(thisMachine()), ...nodeArgs],
  });
  const next = (): Promise<FromRunner> =>
    new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        child.removeAllListeners('message').removeAllListeners('exit');
        settle();
      };
      const timer = setTimeout(() => done(() => reject(new Error(`${name}: no answer`))), answerMsMax);
      child.once('message', (message) => done(() => resolve(message as FromRunner)));
      child.once('exit', (code) => done(() => reject(new Error(`${name}: ended with ${code}`))));
    });
  const first = await next();
  if ('skipped' in first) return { name, skipped: first.skipped };
  if (!('ready' in first)) throw new Error(`${name}: ${'failed' in first ? first.failed : 'not ready'}`);
  const ask = (message: ToRunner): void => {
    child.send(message);
  };
  return {
    name,
    pid: child.pid ?? 0,
    ready: first,
    run: async (load) => {
      const answer = next();
      ask({ load });
      const message = await answer;
      if ('result' in message) return message;
      throw new Error(`${name}: ${'failed' in message ? message.failed : 'an answer out of turn'}`);
    },
    close: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        ask({ close: true });
      }),
  };
};

const figureOf = (subject: string, load: Load, results: readonly RoundResult[]): Figure => ({
  subject,
  operation: load.operation,
  inFlight: load.inFlight,
  rounds: results.length,
  opsPerSecond: spreadOf(results.map((one) => one.opsPerSecond)),
  p50: spreadOf(results.map((one) => one.p50)),
  p99: spreadOf(results.map((one) => one.p99)),
  cpuServer: spreadOf(results.map((one) => one.cpuServer)),
  cpuClient: spreadOf(results.map((one) => one.cpuClient)),
});

/** Runs the plan. A round before the first is thrown away: it warms caches and the compiler. */
export const sideBySide = async (plan: Plan, say: (line: string) => void): Promise<SideBySide> => {
  const runners: Runner[] = [];
  const skipped: Record<string, string> = {};
  const memoryBytes: Record<string, number> = {};
  try {
    for (const subject of plan.subjects) {
      say(`loading ${typeof subject === 'string' ? subject : subject.name}`);
      const started = await startRunner(subject, plan.world);
      if ('skipped' in started) {
        skipped[started.name] = started.skipped;
        say(`skipping ${started.name}: ${started.skipped}`);
      } else runners.push(started);
    }
    const figures: Figure[] = [];
    // Where it is only tried out whether it runs, nobody waits.
    const rest = Math.min(restMs, plan.seconds * 1_000);
    for (const operation of plan.operations) {
      for (const inFlight of plan.inFlight) {
        const load = { operation, inFlight, seconds: plan.seconds };
        const results = new Map<string, RoundResult[]>(runners.map((runner) => [runner.name, []]));
        for (const runner of runners) await runner.run({ ...load, seconds: Math.min(2, plan.seconds) });
        if (operation === 'send') await passed(rest);
        for (let round = 0; round < plan.rounds; round += 1) {
          for (const runner of runners) {
            const answer = await runner.run(load);
            if (operation === 'send') await passed(rest);
            results.get(runner.name)?.push(answer.result);
            memoryBytes[runner.name] = answer.memoryBytes;
          }
        }
        for (const [name, rounds] of results) figures.push(figureOf(name, load, rounds));
        say(`measured ${operation}, ${inFlight} in flight`);
      }
    }
    return {
      figures,
      skipped,
      versions: Object.fromEntries(runners.map((runner) => [runner.name, runner.ready.versions])),
      loadedSeconds: Object.fromEntries(runners.map((runner) => [runner.name, runner.ready.loadedSeconds])),
      memoryBytes,
    };
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
};
