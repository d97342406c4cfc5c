/** Growth, and memory over a million sends, as tables and charts. */
import { drawLines } from '#cli/capacity/chart';
import { levelName } from './growth/level.ts';
import type { Growth } from './growth.ts';
import { figure, markdownTable, percent } from './harness/table.ts';
import { flatness, type MemoryOverSends, type MemorySample } from './memory.ts';

const megabytes = (bytes: number): string => figure(bytes / 1e6);

const thousands = (count: number): string => count.toLocaleString('en-GB');

/** A level's latency as a multiple of the smallest level's; NaN where one was not measured. */
const timesSmallest = ({ compared, levels }: Growth, level: string, operation: string): number => {
  const p50 = (name: string): number =>
    compared.figures.find((one) => one.subject === name && one.operation === operation)?.p50.median ?? Number.NaN;
  const [smallest] = levels;
  return smallest === undefined ? Number.NaN : p50(level) / p50(levelName(smallest));
};

/** The largest level's page and inbox, whichever is the slower, as a multiple of the smallest level's. */
export const growthRatio = (growth: Growth): number => {
  const largest = growth.levels.at(-1);
  if (largest === undefined) return Number.NaN;
  return Math.max(...['page', 'inbox'].map((operation) => timesSmallest(growth, levelName(largest), operation)));
};

export const growthTables = (growth: Growth): string => {
  const speed = growth.compared.figures.map((one) => [
    `${one.operation}, ${one.subject}`,
    figure(one.p50.median),
    percent(one.p50.spread),
    figure(one.p99.median),
    `${figure(timesSmallest(growth, one.subject, one.operation))}×`,
  ]);
  const sizes = growth.levels.map(({ messages, conversations, loaded, diskBytes, startUp }) => [
    levelName({ messages, conversations }),
    megabytes(diskBytes),
    figure(loaded.messageBytes / messages),
    figure(startUp.openMs),
    figure(startUp.processMs),
    figure(startUp.inboxMs),
    megabytes(startUp.heapBytes),
    megabytes(startUp.ownBytes),
    megabytes(startUp.mappedBytes),
    figure(loaded.seconds),
  ]);
  return [
    markdownTable(['one at a time', 'p50 ms', 'spread', 'p99 ms', 'p50 beside the smallest'], speed),
    markdownTable(
      [
        'folder',
        'disk MB',
        'bytes/message',
        'open and first page, ms',
        'from the process’s start, ms',
        'first inbox, ms',
        'heap MB',
        'own memory MB',
        'mapped file MB',
        'loading, s',
      ],
      sizes,
    ),
  ].join('\n\n');
};

export const growthChart = (growth: Growth): Promise<string> => {
  const operations = [...new Set(growth.compared.figures.map((one) => one.operation))];
  return drawLines({
    title: 'How a long history answers',
    x: { name: 'messages of the conversation', log: true },
    y: { name: 'ms, p50', log: true },
    lines: operations.map((name) => ({
      name,
      points: growth.levels.flatMap((level) => {
        const one = growth.compared.figures.find(
          (single) => single.operation === name && single.subject === levelName(level),
        );
        return one === undefined ? [] : [[level.messages, one.p50.median] as const];
      }),
    })),
  });
};

type Kind = readonly [name: string, of: (sample: MemorySample) => number];

/** What is to stay flat. */
const flatKinds: readonly Kind[] = [
  ['V8’s heap', (sample) => sample.heapBytes],
  ['own memory', (sample) => sample.ownBytes],
];
const memoryKinds: readonly Kind[] = [...flatKinds, ['buffers', (sample) => sample.bufferBytes]];

/** The worst of the kinds of memory: what it came to as a multiple of what it was after warming up. */
export const memoryRatio = (memory: MemoryOverSends): number =>
  Math.max(...flatKinds.map(([, of]) => flatness(memory, of).ratio));

export const memoryTable = (memory: MemoryOverSends): string =>
  markdownTable(
    [`MB, from ${thousands(memory.warmUp)} sends on`, 'first third', 'last third', 'highest', 'last beside first'],
    memoryKinds.map(([name, of]) => {
      const { first, last, highest, ratio } = flatness(memory, of);
      return [name, megabytes(first), megabytes(last), megabytes(highest), `${figure(ratio)}×`];
    }),
  );

export const memoryChart = (memory: MemoryOverSends): Promise<string> =>
  drawLines({
    title: 'Memory over a million sends',
    x: { name: 'messages sent' },
    y: { name: 'MB, after a collection', min: 0 },
    lines: memoryKinds.map(([name, of]) => ({
      name,
      points: memory.samples.map((sample) => [sample.sent, of(sample) / 1e6] as const),
    })),
  });
