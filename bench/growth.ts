/** Growth: the same questions of a small history and of large ones, and what those take in memory, on disk and at the start. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Level, levelName, levelsUpTo } from './growth/level.ts';
import { type Loaded, loadLevel } from './growth/load.ts';
import type { StartUp } from './growth/start-up.ts';
import { benchModule } from './harness/modules.ts';
import { type Plan, type Prepared, type SideBySide, sideBySide } from './harness/rounds.ts';
import { farPage } from './harness/subject.ts';
import { folderBytes } from './rivals/postgres/cluster.ts';

export interface GrownLevel extends Level {
  readonly loaded: Loaded;
  readonly diskBytes: number;
  readonly startUp: StartUp;
}

export interface Growth {
  readonly levels: readonly GrownLevel[];
  /** Subjects are levels, by their names. */
  readonly compared: SideBySide;
}

/** Takes the folder's files out of the system's page cache, so that a start reads them from the disk. */
const dropFromPageCache = (folder: string): void => {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    execFileSync('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'ignore' });
  }
};

const startUpOf = (folder: string): StartUp => {
  dropFromPageCache(folder);
  const args = [...process.execArgv, benchModule('growth/start-up'), folder];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as StartUp;
};

/**
 * What is read again and again takes some microseconds, less than what a shared machine's speed changes by from one second to
 * the next: many short rounds, taken in turns, tell levels apart where few long ones do not.
 */
const roundsPerEffort = 4;
const secondsMax = 0.4;

export const measureGrowth = async (
  effort: { readonly rounds: number; readonly seconds: number; readonly large: boolean },
  say: (line: string) => void,
): Promise<Growth> => {
  const folders: string[] = [];
  try {
    const levels: GrownLevel[] = [];
    const prepared: Prepared[] = [];
    for (const level of levelsUpTo(effort.large)) {
      const name = levelName(level);
      const folder = mkdtempSync(join(tmpdir(), 'parley-growth-'));
      folders.push(folder);
      const loaded = await loadLevel(folder, level);
      say(`loaded ${name} in ${loaded.seconds.toFixed(1)} s`);
      levels.push({ ...level, loaded, diskBytes: folderBytes(folder), startUp: startUpOf(folder) });
      prepared.push({ name, module: 'grown', folder });
    }
    const plan: Plan = {
      subjects: prepared,
      // Sends last: they make the small history longer.
      operations: ['page', 'inbox', farPage, 'send'],
      inFlight: [1],
      rounds: effort.rounds * roundsPerEffort,
      seconds: Math.min(secondsMax, effort.seconds),
      world: { people: 2, conversationsEach: 0, messagesEach: 0 },
    };
    return { levels, compared: await sideBySide(plan, say) };
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
};
