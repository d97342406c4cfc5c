/** What encryption costs a reader, as tables. */
import { stepNames } from './harness/steps.ts';
import { figure, markdownTable, percent } from './harness/table.ts';
import type { Phase, SealingComparison } from './sealing.ts';

const phaseWords: Readonly<Record<Phase, string>> = {
  first: 'newest page, nothing remembered: not its texts, not their keys',
  older: 'older pages, new texts under keys that are held',
  again: 'pages met before',
  mix: 'a mix after Zipf, from nothing',
};

export const sealingTables = ({ phases, steps }: SealingComparison): string =>
  [
    markdownTable(
      [
        'pages of 20, one at a time',
        'pages',
        'ms sealed',
        'ms clear',
        'times',
        'CPU µs sealed',
        'CPU µs clear',
        'times',
      ],
      phases.map((one) => [
        phaseWords[one.phase],
        figure(one.pages),
        figure(one.ms.sealed.median),
        figure(one.ms.clear.median),
        `${figure(one.msRatio.median)}×`,
        figure(one.cpu.sealed.median),
        figure(one.cpu.clear.median),
        `${figure(one.cpuRatio.median)}×`,
      ]),
    ),
    'Where the time of a page goes in the server as it is, microseconds of its main thread under the profiler:',
    markdownTable(
      ['step', ...steps.map(({ phase }) => phase), ...steps.map(({ phase }) => `${phase}, share`)],
      stepNames.map((step) => [
        step,
        ...steps.map(({ micros }) => figure(micros[step])),
        ...steps.map(({ micros }) => percent(micros[step] / Object.values(micros).reduce((sum, one) => sum + one, 0))),
      ]),
    ),
  ].join('\n\n');
