/** docs/BENCHMARKS.md and its charts, out of the kept results: the tables say nothing that was not measured. */
import { drawBars } from '#cli/capacity/chart';
import { costsTable, delaysTable, faultsTable } from './designs-report.ts';
import { findFigure, goalsTable } from './goals.ts';
import { growthChart, growthTables, memoryChart, memoryTable } from './growth-report.ts';
import { figuresTable, ratiosTable, skippedLines } from './harness/report.ts';
import type { SideBySide } from './harness/rounds.ts';
import { figure, markdownTable } from './harness/table.ts';
import { limitsTable, profileTable, sharesOf, syncShare } from './limits-report.ts';
import { liveTable } from './live.ts';
import { messagesLoaded } from './sealing.ts';
import { sealingTables } from './sealing-report.ts';
import type { Results, Section, SectionName } from './sections.ts';
import { xmppChart, xmppTables } from './xmpp-report.ts';

export interface Chart {
  /** Below docs/. */
  readonly file: string;
  readonly svg: string;
}

/** When, on what, and how to measure it again. */
const provenance = (name: SectionName, { machine, seconds }: Section<unknown>, rounds?: number): string =>
  [
    `${machine.date}, commit ${machine.commit}; ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}, data on ${machine.fileSystem}, Node ${machine.node}.`,
    rounds === undefined ? '' : `Medians of ${rounds} rounds.`,
    `Again: \`npm run bench:all -- --only ${name}\`${seconds === undefined ? '' : `, which took ${figure(seconds)} s`}.`,
  ]
    .filter((part) => part !== '')
    .join(' ');

const roundsOf = (result: SideBySide): number | undefined => result.figures[0]?.rounds;

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

const sideChart = (result: SideBySide, title: string): Promise<string> => {
  const subjects = [...new Set(result.figures.map((one) => one.subject))];
  const loads = [...new Map(result.figures.map((one) => [`${one.operation}, ${one.inFlight} in flight`, one]))];
  return drawBars({
    title,
    x: 'operations a second, median of rounds',
    categories: loads.map(([load]) => load),
    bars: subjects.map((name) => ({
      name,
      values: loads.map(
        ([, { operation, inFlight }]) => findFigure(result, name, operation, inFlight)?.opsPerSecond.median ?? 0,
      ),
    })),
  });
};

const memoryAfter = (result: SideBySide): string =>
  markdownTable(
    ['subject', 'memory after the last round, MB', 'loading the world, s'],
    Object.entries(result.memoryBytes).map(([subject, bytes]) => [
      subject,
      figure(bytes / 1e6),
      figure(result.loadedSeconds[subject] ?? Number.NaN),
    ]),
  );

const limits = ({ library, http, sync }: Results): string => {
  const rows = [
    ...(library !== undefined && sync !== undefined ? syncShare(library.value, 'parley', sync.value) : []),
    ...(library === undefined ? [] : sharesOf(library.value, 'parley', 'floor-lmdb', 'bare LMDB')),
    ...(http === undefined ? [] : sharesOf(http.value, 'parley-http', 'floor-http', 'bare Fastify')),
  ];
  return rows.length === 0 ? '' : limitsTable(rows);
};

/** The document, and the charts it shows. */
export const writeDocument = async (
  results: Results,
): Promise<{ readonly text: string; readonly charts: readonly Chart[] }> => {
  const charts: Chart[] = [];
  const parts: string[] = [];
  const add = (title: string, ...texts: string[]): void => {
    parts.push([`## ${title}`, ...texts].filter((text) => text !== '').join('\n\n'));
  };
  const chart = (name: string, about: string, svg: string): string => {
    const file = `images/bench/${name}.svg`;
    charts.push({ file, svg });
    return `![${about}](${file})`;
  };
  const compared = async (key: 'library' | 'http' | 'dynamodb', first: string, title: string, words: string) => {
    const section = results[key];
    if (section === undefined) return;
    const result = section.value;
    add(
      title,
      words,
      provenance(key, section, roundsOf(result)),
      versions(result),
      chart(key, `${first} and its rivals`, await sideChart(result, title)),
      figuresTable(result),
      ratiosTable(result, first),
      memoryAfter(result),
      skippedLines(result),
    );
  };

  await compared(
    'library',
    'parley',
    'As a library',
    'Parley on its embedded table, encrypted and with exactly-once sends; PostgreSQL through `pg`, pipelined, a send as one statement (`bench/rivals/postgres`), in the clear; bare LMDB as the floor of the machine. After a round of sends each has 2.5 seconds to do what it put off (a journal to carry over, a checkpoint), before the next one’s turn. Every process has the flags that `npm start` gives Node on this machine (`src/server/node-flags.ts`).',
  );
  await compared(
    'http',
    'parley-http',
    'Over HTTP',
    'The same behind Fastify, tokens verified, fields validated, with the same rest after sends and the same flags of Node’s. The floor answers what is ready beforehand and checks nothing.',
  );
  const { sync, sealing, live, profile, designs, xmpp, growth, memory } = results;
  add(
    'Limits of this machine',
    'What stands in Parley’s way at the least, measured in the same run, and its share of that. Bare LMDB puts the same bytes without index, feed, encryption or rules; bare Fastify answers without looking; a durable write that shares its sync with no other cannot be faster than the disk.',
    sync === undefined
      ? ''
      : `Appends of 4 KB, each followed by fdatasync, one at a time: ${figure(sync.value.perSecond)} a second, p50 ${figure(sync.value.p50)} ms, p99 ${figure(sync.value.p99)} ms.`,
    limits(results),
  );
  if (sealing !== undefined) {
    add(
      'What encryption costs',
      `A page of 20 from the server as it is, and from the same composed here with a sealer that leaves texts in the clear (\`bench/parley\`; the product has no such setting). Both are started anew in each round, on tables of ${messagesLoaded.toLocaleString('en-GB')} messages, with the flags that \`npm start\` gives Node, warmed up, and asked by turns; medians over rounds, ratios of the same round.`,
      provenance('sealing', sealing),
      sealingTables(sealing.value),
    );
  }
  if (live !== undefined) {
    add(
      'Live events',
      "The standalone server and one process that holds all the streams. Delivery is counted from the acknowledgement of the send to the event at another participant's stream.",
      provenance('live', live),
      liveTable(live.value),
    );
  }
  if (profile !== undefined) {
    add(
      'Where the time goes',
      'Self time by V8’s sampling profiler, of the library’s process or the server’s, its fan-out included; native functions count where they are called, so that waiting for the disk is LMDB’s or that of node’s files.',
      provenance('profile', profile),
      profileTable(profile.value),
    );
  }
  if (growth !== undefined) {
    const { value } = growth;
    add(
      'Growth',
      'Folders with one conversation that long, and one person with that many conversations, filled through the access patterns with really sealed messages. Pages and inboxes are the newest 20; a page anywhere is read at a place by chance, which in a short history comes from the caches of the process, and in a long one from the file, to be deciphered. Opening is of files that were dropped from the page cache; heap and own memory are of the process after 2,000 pages anywhere.',
      provenance('growth', growth, roundsOf(value.compared)),
      chart('growth', 'Latency as a history grows', await growthChart(value)),
      growthTables(value),
    );
  }
  if (memory !== undefined) {
    add(
      'Memory over a million sends',
      'Sends through the library, 64 in flight, the fan-out running; each sample after a forced collection with all inboxes current. Own memory is what is resident and no file’s: the mapped pages of the table come on top, and are the system’s to take back. What grows meanwhile are the uuids of the last eleven minutes that a node remembers to know a fresh send from a repeated one: 20 to 30 bytes each in buffers, at most 4 million of them.',
      provenance('memory', memory),
      chart('memory', 'Memory over a million sends', await memoryChart(memory.value)),
      memoryTable(memory.value),
    );
  }
  if (designs !== undefined) {
    add(
      'Designs on DynamoDB: units and faults',
      provenance('designs', designs),
      "The course's design rebuilt from its description (`bench/rivals/course`), and the transaction that textbooks recommend (`bench/rivals/transactional`), on the same DynamoDB server, asked the same. Units are what the server reports, the fan-out's included.",
      costsTable(designs.value),
      delaysTable(designs.value),
      'The same faults done to each; a trial is one message, one pair or one read, and what is counted is trials that ended wrong.',
      faultsTable(designs.value),
    );
  }
  await compared(
    'dynamodb',
    'parley-dynamodb',
    'On the same DynamoDB server',
    'Throughput of the designs on dynoxide, which writes to SQLite on this machine: it compares designs, and says nothing of AWS.',
  );
  if (xmpp !== undefined) {
    const { value } = xmpp;
    add(
      'Beside XMPP servers',
      provenance('xmpp', xmpp, value.servers[0]?.rounds),
      chart('xmpp', 'Parley and XMPP servers', await xmppChart(value)),
      xmppTables(value),
    );
  }
  const head = [
    '# Benchmarks',
    `Written by \`npm run bench:all\`, which repeats all of it; do not edit. \`npm run bench:all -- --only library\` repeats a part, and
\`--rounds\` and \`--seconds\` set how often and how long. Subjects take turns in each round; figures are medians over rounds, and
"spread" is the distance between the best round and the worst as a share of the median. A send counts as done when the inboxes it
changes are current. CPU is of servers (with their children) and of the process that asks, apart; a library is in the latter.
All of it wants PostgreSQL 15, Prosody and ejabberd as Debian has them; what is not installed is left out and said so.
\`--conversations FILE\` sends real conversations through the chat servers, \`--large\` lets histories grow to ten million messages.`,
    `## Set out for, and measured\n\n${goalsTable(results)}`,
  ];
  return { text: `${[...head, ...parts].join('\n\n')}\n`, charts };
};
