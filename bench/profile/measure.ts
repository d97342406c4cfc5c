/** Profiles of loads on subjects: where the time of one operation goes. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Load } from '../harness/loop.ts';
import { benchModule } from '../harness/modules.ts';
import { startRunner } from '../harness/rounds.ts';
import { standardWorld } from '../harness/world.ts';
import { selfTimes } from './places.ts';

/** Microseconds of the profiled process per operation, the most first. */
export interface Profile extends Load {
  readonly subject: string;
  readonly opsPerSecond: number;
  readonly totalMicros: number;
  readonly groups: readonly (readonly [name: string, micros: number])[];
  readonly functions: readonly (readonly [name: string, micros: number])[];
}

const appearMsMax = 30_000;
const warmUpSeconds = 2;
const functionsKept = 30;

const appeared = async (path: string): Promise<void> => {
  for (let waited = 0; !existsSync(path); waited += 10) {
    if (waited > appearMsMax) throw new Error(`the profiler did not write ${path}`);
    await setTimeout(10);
  }
};

const perOperation = (times: ReadonlyMap<string, number>, count: number): (readonly [string, number])[] =>
  [...times].sort((a, b) => b[1] - a[1]).map(([name, micros]) => [name, micros / count] as const);

/** Profiles loads on one subject: its server where it has one, and otherwise the process that the library runs in. */
export const profileSubject = async (subject: string, loads: readonly Load[]): Promise<readonly Profile[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-profile-'));
  const hook = pathToFileURL(benchModule('profile/hook'));
  hook.searchParams.set('folder', folder);
  const runner = await startRunner(subject, standardWorld, ['--import', hook.href]);
  try {
    if ('skipped' in runner) throw new Error(runner.skipped);
    const profiles: Profile[] = [];
    const pid = runner.ready.processes[0] ?? runner.pid;
    const file = join(folder, `${pid}.cpuprofile`);
    for (const load of loads) {
      await runner.run({ ...load, seconds: warmUpSeconds });
      process.kill(pid, 'SIGUSR2');
      await appeared(`${file}.started`);
      const { result } = await runner.run(load);
      process.kill(pid, 'SIGUSR2');
      await appeared(file);
      const times = selfTimes(JSON.parse(readFileSync(file, 'utf8')) as Profiler.Profile);
      for (const one of [file, `${file}.started`]) rmSync(one);
      profiles.push({
        ...load,
        subject,
        opsPerSecond: result.opsPerSecond,
        totalMicros: times.totalMicros / result.count,
        groups: perOperation(times.groups, result.count),
        functions: perOperation(times.functions, result.count).slice(0, functionsKept),
      });
    }
    return profiles;
  } finally {
    if (!('skipped' in runner)) await runner.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const inFlight = 32;

/** One send and one page of Parley, as a library and behind HTTP. */
export const measureProfiles = async (seconds: number, say: (line: string) => void): Promise<readonly Profile[]> => {
  const loads = (['send', 'page'] as const).map((operation) => ({ operation, inFlight, seconds }));
  const profiles: Profile[] = [];
  for (const subject of ['parley', 'parley-http']) {
    profiles.push(...(await profileSubject(subject, loads)));
    say(`profiled ${subject}`);
  }
  return profiles;
};
