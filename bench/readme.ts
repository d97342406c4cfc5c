/** The figures that README shows, between two marks, out of the kept results: what is not in docs/BENCHMARKS.md is not claimed. */
import { findFigure } from './goals.ts';
import { figure, markdownTable } from './harness/table.ts';
import type { Results } from './sections.ts';

const begin = '<!-- figures: written by `npm run bench:all` -->';
const end = '<!-- end of the figures -->';

const operations = [
  ['send', 'sends'],
  ['page', 'pages of 20'],
  ['inbox', 'inboxes of 20'],
] as const;

/** Two digits: more than that the spread between rounds does not bear. */
const times = (value: number): string => (Number.isNaN(value) ? '–' : `${figure(Number(value.toPrecision(2)))}×`);

const speed = ({ library, http }: Results): string => {
  const ratio = (key: 'library' | 'http', operation: string, inFlight: number): number => {
    const [result, ours, theirs] =
      key === 'library' ? [library?.value, 'parley', 'postgres'] : [http?.value, 'parley-http', 'postgres-http'];
    if (result === undefined) return Number.NaN;
    const rate = (subject: string): number =>
      findFigure(result, subject, operation, inFlight)?.opsPerSecond.median ?? Number.NaN;
    return rate(ours) / rate(theirs);
  };
  return markdownTable(
    [
      'operations a second, beside PostgreSQL 15',
      'library, one at a time',
      'library, 32 in flight',
      'HTTP, 32 in flight',
    ],
    operations.map(([operation, name]) => [
      name,
      times(ratio('library', operation, 1)),
      times(ratio('library', operation, 32)),
      times(ratio('http', operation, 32)),
    ]),
  );
};

const units = ({ designs }: Results): string => {
  const of = (design: string, what: string): string =>
    figure(
      designs?.value.find(({ name }) => name === design)?.costs.find((row) => row.what === what)?.write ?? Number.NaN,
    );
  return markdownTable(
    ['write units of DynamoDB per message of two people', 'Parley', "the course's design", 'in a transaction'],
    (['message alone', 'message in a burst of 10'] as const).map((what) => [
      what,
      of('parley', what),
      of('course', what),
      of('transactional', what),
    ]),
  );
};

/** The part of README between the marks, and the marks. */
const figuresOf = (results: Results): string => [begin, units(results), speed(results), end].join('\n\n');

/** README with its figures as the results have them; throws when it has no place for them. */
export const withFigures = (readme: string, results: Results): string => {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README has no place for figures: ${begin} … ${end}`);
  return readme.slice(0, from) + figuresOf(results) + readme.slice(to + end.length);
};
