/** What was set out to be reached, and what was: the table that docs/BENCHMARKS.md opens with. */
import { growthRatio, memoryRatio } from './growth-report.ts';
import type { Figure, SideBySide } from './harness/rounds.ts';
import { operationNames } from './harness/subject.ts';
import { figure, markdownTable } from './harness/table.ts';
import type { Results, Section } from './sections.ts';

export const findFigure = (
  result: SideBySide,
  subject: string,
  operation: string,
  inFlight: number,
): Figure | undefined =>
  result.figures.find((one) => one.subject === subject && one.operation === operation && one.inFlight === inFlight);

interface Pair {
  readonly section: Section<SideBySide> | undefined;
  readonly ours: string;
  readonly theirs: string;
}

/** How many times as many operations a second as the other's. */
const ratio = ({ section, ours, theirs }: Pair, operation: string, inFlight: number): number => {
  const one = section && findFigure(section.value, ours, operation, inFlight)?.opsPerSecond.median;
  const other = section && findFigure(section.value, theirs, operation, inFlight)?.opsPerSecond.median;
  return one === undefined || other === undefined ? Number.NaN : one / other;
};

const slowest = ({ section, ours, theirs }: Pair): string => {
  if (section === undefined) return '–';
  const p99 = (subject: string, operation: string): number =>
    findFigure(section.value, subject, operation, 32)?.p99.median ?? Number.NaN;
  const slower = operationNames.filter((operation) => !(p99(ours, operation) < p99(theirs, operation)));
  return slower.length === 0 ? 'all below' : `not below: ${slower.join(', ')}`;
};

const times = (value: number): string => (Number.isNaN(value) ? '–' : `${figure(value)}×`);

export const goalsTable = ({ library, http, sealing, designs, growth, memory }: Results): string => {
  const inProcess: Pair = { section: library, ours: 'parley', theirs: 'postgres' };
  const behindHttp: Pair = { section: http, ours: 'parley-http', theirs: 'postgres-http' };
  const parley = designs?.value.find((one) => one.name === 'parley');
  const write = (what: string): string => figure(parley?.costs.find((one) => one.what === what)?.write ?? Number.NaN);
  const sealed = (what: 'cpuRatio' | 'msRatio'): string =>
    sealing?.value.phases.map((one) => `${one.phase} ${times(one[what].median)}`).join(', ') ?? '–';
  const rows = [
    ['library sends, 32 in flight, beside PostgreSQL', '2×', times(ratio(inProcess, 'send', 32))],
    ['library sends, one at a time', '0.9×', times(ratio(inProcess, 'send', 1))],
    ...['page', 'inbox'].map((operation) => [
      `library ${operation} of 20`,
      '1.5×',
      times(ratio(inProcess, operation, 32)),
    ]),
    ...operationNames.map((operation) => [`HTTP ${operation}`, '1.5×', times(ratio(behindHttp, operation, 32))]),
    ['p99 at 32 in flight, library', "below PostgreSQL's", slowest(inProcess)],
    ['p99 at 32 in flight, HTTP', "below PostgreSQL's", slowest(behindHttp)],
    ['a page of 20 through HTTP, encrypted : in the clear, CPU', 'at most 1.3×', sealed('cpuRatio')],
    ['the same, time as its reader waits', 'at most 1.3×', sealed('msRatio')],
    ['write units a message, alone', 'at most 7', write('message alone')],
    ['write units a message, in bursts of 10', 'below 2', write('message in a burst of 10')],
    [
      'page and inbox of the largest history, beside the smallest: p50',
      'at most 1.2×',
      times(growth === undefined ? Number.NaN : growthRatio(growth.value)),
    ],
    [
      'memory over a million sends, the last third beside the first',
      'at most 1.2×',
      times(memory === undefined ? Number.NaN : memoryRatio(memory.value)),
    ],
  ];
  return markdownTable(['what', 'set out for', 'measured'], rows);
};
