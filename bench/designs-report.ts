/** The experiments on every design, and their tables. */
import { seeded } from './harness/random.ts';
import { figure, markdownTable } from './harness/table.ts';
import { startParleyDesign } from './parley/design.ts';
import { startCourse } from './rivals/course/design.ts';
import type { StartDesign } from './rivals/design.ts';
import {
  type CostRow,
  type Delay,
  type FaultRow,
  measureCosts,
  measureDelay,
  measureFaults,
} from './rivals/experiments.ts';
import { startTransactional } from './rivals/transactional/design.ts';

export interface ComparedDesign {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly costs: readonly CostRow[];
  readonly delay: Delay;
  readonly faults: readonly FaultRow[];
}

const starts: readonly StartDesign[] = [startParleyDesign, startCourse, startTransactional];

/** Runs every experiment on every design in turn; a design that cannot run is left out and said so. */
export const compareDesigns = async (
  trials: number,
  say: (line: string) => void,
): Promise<readonly ComparedDesign[]> => {
  const compared: ComparedDesign[] = [];
  for (const start of starts) {
    const design = await start();
    if ('skipped' in design) {
      say(`skipping a design: ${design.skipped}`);
      continue;
    }
    try {
      const random = seeded(3);
      say(`measuring ${design.name}`);
      compared.push({
        name: design.name,
        versions: design.versions,
        costs: await measureCosts(design, random),
        delay: await measureDelay(design, random),
        faults: await measureFaults(design, random, trials),
      });
    } finally {
      await design.close();
    }
  }
  return compared;
};

/** Write units, read units and requests, per message and per list. */
export const costsTable = (designs: readonly ComparedDesign[]): string =>
  markdownTable(
    ['what', 'design', 'write units', 'read units', 'requests'],
    (designs[0]?.costs ?? []).flatMap(({ what }) =>
      designs.map((design) => {
        const row = design.costs.find((one) => one.what === what);
        return [
          what,
          design.name,
          figure(row?.write ?? Number.NaN),
          figure(row?.read ?? Number.NaN),
          figure(row?.requests ?? Number.NaN),
        ];
      }),
    ),
  );

export const delaysTable = (designs: readonly ComparedDesign[]): string =>
  markdownTable(
    ['from an acknowledged send to an inbox that shows it', 'p50 ms', 'p99 ms'],
    designs.map((design) => [design.name, figure(design.delay.p50), figure(design.delay.p99)]),
  );

export const faultsTable = (designs: readonly ComparedDesign[]): string =>
  markdownTable(
    ['fault', ...designs.map((design) => design.name)],
    (designs[0]?.faults ?? []).map(({ what }) => [
      what,
      ...designs.map((design) => {
        const row = design.faults.find((one) => one.what === what);
        return row === undefined ? '–' : `${row.wrong} of ${row.trials}`;
      }),
    ]),
  );
