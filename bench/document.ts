/** docs/BENCHMARKS.md and its charts, out of the kept results: the tables say nothing that was not measured. */
import { drawBars } from '#cli/capacity/chart';
import { costsTable, delaysTable, faultsTable } from './designs-report.ts';
import { figuresTable, ratiosTable, skippedLines } from './harness/report.ts';
import type { Figure, SideBySide } from './harness/rounds.ts';
import { figure, markdownTable } from './harness/table.ts';
import { sealingTables } from './sealing-report.ts';
import type { Results, Section } from './sections.ts';
import { xmppTables } from './xmpp-report.ts';

export interface Chart {
  /** Below docs/. */
  readonly file: string;
  readonly svg: string;
}

const onMachine = ({ machine }: Section<unknown>): string =>
  `${machine.date}, commit ${machine.commit}; ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}, data on ${machine.fileSystem}, Node ${machine.node}.`;

const versions = (result: SideBySide): string =>
  Object.entries(result.versions)
    .map(([subject, ones]) => [
      subject,
      Object.entries(ones)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ])
    .filter(([, ones]) => ones !== '')
    .map(([subject, ones]) => `${subject}: ${ones}`)
    .join('; ');

const find = (result: SideBySide, subject: string, operation: string, inFlight: number): Figure | undefined =>
  result.figures.find((one) => one.subject === subject && one.operation === operation && one.inFlight === inFlight);

const chartOf = async (result: SideBySide, file: string, title: string): Promise<Chart> => {
  const subjects = [...new Set(result.figures.map((one) => one.subject))];
  const loads = [...new Set(result.figures.map((one) => `${one.operation}, ${one.inFlight} in flight`))];
  const svg = await drawBars({
    title,
    x: 'operations a second, median of rounds',
    categories: loads,
    bars: subjects.map((name) => ({
      name,
      values: loads.map((load) => {
        const [operation = '', rest = ''] = load.split(', ');
        return find(result, name, operation, Number.parseInt(rest, 10))?.opsPerSecond.median ?? 0;
      }),
    })),
  });
  return { file, svg };
};

/** What was set out to be reached, and what was. */
const goalsTable = ({ library, http, sealing, designs }: Results): string => {
  const ratio = (section: Section<SideBySide> | undefined, ours: string, theirs: string, operation: string): number => {
    const one = section && find(section.value, ours, operation, 32)?.opsPerSecond.median;
    const other = section && find(section.value, theirs, operation, 32)?.opsPerSecond.median;
    return one === undefined || other === undefined ? Number.NaN : one / other;
  };
  const p99 = (section: Section<SideBySide> | undefined, ours: string, theirs: string): string => {
    if (section === undefined) return '–';
    const slower = ['send', 'page', 'inbox'].filter((operation) => {
      const one = find(section.value, ours, operation, 32)?.p99.median ?? Number.NaN;
      return !(one < (find(section.value, theirs, operation, 32)?.p99.median ?? Number.NaN));
    });
    return slower.length === 0 ? 'all below' : `not below: ${slower.join(', ')}`;
  };
  const parley = designs?.value.find((one) => one.name === 'parley');
  const write = (what: string): string => figure(parley?.costs.find((one) => one.what === what)?.write ?? Number.NaN);
  const times = (value: number): string => (Number.isNaN(value) ? '–' : `${figure(value)}×`);
  const sealed = (what: 'cpuRatio' | 'msRatio'): string =>
    sealing?.value.phases.map((one) => `${one.phase} ${times(one[what].median)}`).join(', ') ?? '–';
  const rows = [
    ['library sends, 32 in flight, beside PostgreSQL', '2×', times(ratio(library, 'parley', 'postgres', 'send'))],
    ...['page', 'inbox'].map((operation) => [
      `library ${operation} of 20`,
      '1.5×',
      times(ratio(library, 'parley', 'postgres', operation)),
    ]),
    ...['send', 'page', 'inbox'].map((operation) => [
      `HTTP ${operation}`,
      '1.5×',
      times(ratio(http, 'parley-http', 'postgres-http', operation)),
    ]),
    ['p99 at 32 in flight, library', "below PostgreSQL's", p99(library, 'parley', 'postgres')],
    ['p99 at 32 in flight, HTTP', "below PostgreSQL's", p99(http, 'parley-http', 'postgres-http')],
    ['a page of 20 through HTTP, encrypted : in the clear, CPU', 'at most 1.3×', sealed('cpuRatio')],
    ['the same, time as its reader waits', 'at most 1.3×', sealed('msRatio')],
    ['write units a message, alone', 'at most 7', write('message alone')],
    ['write units a message, in bursts of 10', 'below 2', write('message in a burst of 10')],
  ];
  return markdownTable(['what', 'set out for', 'measured'], rows);
};

const memoryTable = (result: SideBySide): string =>
  markdownTable(
    ['subject', 'memory after the last round, MB', 'loading the world, s'],
    Object.entries(result.memoryBytes).map(([subject, bytes]) => [
      subject,
      figure(bytes / 1e6),
      figure(result.loadedSeconds[subject] ?? Number.NaN),
    ]),
  );

const sideSection = (section: Section<SideBySide>, first: string, chart: Chart): string =>
  [
    onMachine(section),
    versions(section.value),
    `![${first} and its rivals](${chart.file})`,
    figuresTable(section.value),
    ratiosTable(section.value, first),
    memoryTable(section.value),
    skippedLines(section.value),
  ]
    .filter((part) => part !== '')
    .join('\n\n');

/** The document, and the charts it shows. */
export const writeDocument = async (
  results: Results,
): Promise<{ readonly text: string; readonly charts: readonly Chart[] }> => {
  const charts: Chart[] = [];
  const parts: string[] = [
    '# Benchmarks',
    `Written by \`npm run bench:all\`, which repeats all of it; do not edit. \`npm run bench:all -- --only library\` repeats a part, and
\`--rounds\` and \`--seconds\` set how often and how long. Subjects take turns in each round; figures are medians over rounds, and
"spread" is the distance between the best round and the worst as a share of the median. A send counts as done when the inboxes it
changes are current. CPU is of servers (with their children) and of the process that asks, apart; a library is in the latter.`,
    `## Set out for, and measured\n\n${goalsTable(results)}`,
  ];
  const compared = async (key: 'library' | 'http' | 'dynamodb', first: string, title: string, words: string) => {
    const section = results[key];
    if (section === undefined) return;
    const chart = await chartOf(section.value, `images/bench/${key}.svg`, title);
    charts.push(chart);
    parts.push(`## ${title}\n\n${words}\n\n${sideSection(section, first, chart)}`);
  };
  await compared(
    'library',
    'parley',
    'As a library',
    'Parley on its embedded table, encrypted and with exactly-once sends; PostgreSQL through `pg`, pipelined, a send as one statement (`bench/rivals/postgres`), in the clear; bare LMDB as the floor of the machine.',
  );
  await compared(
    'http',
    'parley-http',
    'Over HTTP',
    'The same behind Fastify, tokens verified, fields validated. The floor answers what is ready beforehand and checks nothing.',
  );
  const { sync, sealing, designs, xmpp } = results;
  if (sealing !== undefined) {
    const words =
      'A page of 20 from the server as it is, and from the same composed here with a sealer that leaves texts in the clear (`bench/parley`; the product has no such setting). Servers are started anew in each round, on tables of 72,000 messages; medians over rounds, ratios of the same round.';
    parts.push(`## What encryption costs\n\n${onMachine(sealing)} ${words}\n\n${sealingTables(sealing.value)}`);
  }
  if (sync !== undefined) {
    const { perSecond, p50, p99 } = sync.value;
    parts.push(
      `## The disk\n\n${onMachine(sync)}\n\nAppends of 4 KB, each followed by fdatasync, one at a time: ${figure(perSecond)} a second, p50 ${figure(p50)} ms, p99 ${figure(p99)} ms. A durable write that shares its sync with no other cannot be faster.`,
    );
  }
  if (designs !== undefined) {
    parts.push(
      [
        '## Designs on DynamoDB: units and faults',
        onMachine(designs),
        "The course's design rebuilt from its description (`bench/rivals/course`), and the transaction that textbooks recommend (`bench/rivals/transactional`), on the same DynamoDB server, asked the same. Units are what the server reports, the fan-out's included.",
        costsTable(designs.value),
        delaysTable(designs.value),
        'The same faults done to each; a trial is one message, one pair or one read, and what is counted is trials that ended wrong.',
        faultsTable(designs.value),
      ].join('\n\n'),
    );
  }
  await compared(
    'dynamodb',
    'parley-dynamodb',
    'On the same DynamoDB server',
    'Throughput of the designs on dynoxide, which writes to SQLite on this machine: it compares designs, and says nothing of AWS.',
  );
  if (xmpp !== undefined) parts.push(`## Beside XMPP servers\n\n${onMachine(xmpp)}\n\n${xmppTables(xmpp.value)}`);
  return { text: `${parts.join('\n\n')}\n`, charts };
};
