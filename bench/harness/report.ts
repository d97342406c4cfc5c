/** A side-by-side result as tables: figures per subject, then each rival's ratio to the first subject. */
import type { Figure, SideBySide } from './rounds.ts';
import { figure, markdownTable, percent } from './table.ts';

const key = (one: Figure): string => `${one.operation}, ${one.inFlight} in flight`;

/** One row per subject and load. */
export const figuresTable = (result: SideBySide): string =>
  markdownTable(
    ['load', 'subject', 'operations/s', 'spread', 'p50 ms', 'p99 ms', 'CPU µs/op, server', 'CPU µs/op, client'],
    result.figures.map((one) => [
      key(one),
      one.subject,
      figure(one.opsPerSecond.median),
      percent(one.opsPerSecond.spread),
      figure(one.p50.median),
      figure(one.p99.median),
      figure(one.cpuServer.median),
      figure(one.cpuClient.median),
    ]),
  );

/** How many times as fast the first subject is as each of the others, and how much lower its p99. Above 1: better. */
export const ratiosTable = (result: SideBySide, first: string): string => {
  const rows = result.figures.flatMap((rival) => {
    if (rival.subject === first) return [];
    const ours = result.figures.find((one) => one.subject === first && key(one) === key(rival));
    if (ours === undefined) return [];
    return [
      [
        key(rival),
        `${first} : ${rival.subject}`,
        `${figure(ours.opsPerSecond.median / rival.opsPerSecond.median)}×`,
        `${figure(rival.p99.median / ours.p99.median)}×`,
        `${figure((rival.cpuServer.median + rival.cpuClient.median) / (ours.cpuServer.median + ours.cpuClient.median))}×`,
      ],
    ];
  });
  return markdownTable(['load', 'pair', 'operations/s', 'p99, times lower', 'CPU in all, times lower'], rows);
};

/** What was left out, a line each; nothing when all ran. */
export const skippedLines = (result: SideBySide): string =>
  Object.entries(result.skipped)
    .map(([subject, reason]) => `- ${subject} was not measured: ${reason}`)
    .join('\n');
