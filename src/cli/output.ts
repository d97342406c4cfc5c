/** What the scripts print: tables of rows, the requests that were made, and what they cost. */
import { describeUse, type PatternUse } from '#store/patterns';
import { outputCutOff } from './cut-off.ts';

/** A cell is cut to this many characters, so that a row stays on its line. */
const cellMax = 48;

const cell = (value: unknown): string => {
  const text =
    value === undefined || value === null
      ? ''
      : value instanceof Set
        ? [...value].join(', ')
        : value instanceof Uint8Array
          ? `${value.length} bytes`
          : typeof value === 'object'
            ? JSON.stringify(value)
            : String(value);
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > cellMax ? `${line.slice(0, cellMax - 1)}…` : line;
};

/** Rows as a table with these columns; a sentence where there are none. */
export const table = (rows: readonly object[], columns: readonly string[]): string => {
  if (rows.length === 0) return '(no rows)';
  const cells = rows.map((row) => columns.map((column) => cell((row as Readonly<Record<string, unknown>>)[column])));
  const widths = columns.map((column, at) => Math.max(column.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((width) => '─'.repeat(width))), ...cells.map(line)].join('\n');
};

const letterOf = (letter: string | undefined): string => (letter === undefined ? ' ' : letter);

/** The requests in the order they were made, each with its key condition and its cost, and the sum. */
export const requests = (uses: readonly PatternUse[]): string => {
  const lines = uses.map((use) => {
    const { operation, index, letter, condition } = describeUse(use);
    const where = index === undefined ? 'table' : `index ${index}`;
    const units = use.failed
      ? 'refused by its condition'
      : `${use.capacity.read} read, ${use.capacity.write} write units`;
    return `${letterOf(letter)} ${use.pattern}: ${operation} on ${where}\n    ${condition}\n    ${use.items} items, ${units}, ${use.ms.toFixed(1)} ms`;
  });
  const read = uses.reduce((sum, use) => sum + use.capacity.read, 0);
  const write = uses.reduce((sum, use) => sum + use.capacity.write, 0);
  return [...lines, `consumed in all: ${read} read units, ${write} write units`].join('\n');
};

/** A line, once there is room for it: of what may be larger than memory, or than a pipe. Rejects with a CutOff. */
export const printLine = (line: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => (error ? reject(outputCutOff(error)) : resolve()));
  });

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
