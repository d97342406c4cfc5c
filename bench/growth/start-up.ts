/**
 * A process of its own that opens a filled folder and shows a page and an inbox; then it reads all over the folder and says how
 * much memory that left it with. `bench/growth.ts` starts it, and reads the line of JSON that it prints.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seeded } from '../harness/random.ts';
import { openGrown } from './open.ts';

export interface StartUp {
  /** Milliseconds from the start of the process to the first page, modules included; and those of the opening and the page alone. */
  readonly processMs: number;
  readonly openMs: number;
  readonly inboxMs: number;
  /** After `pagesRead` pages anywhere: V8's heap after a collection, and memory that is the process's own and is no file's. */
  readonly heapBytes: number;
  readonly ownBytes: number;
  /** Of the table's file, in the page cache and mapped: the system takes it back as it needs it. */
  readonly mappedBytes: number;
}

export const pagesRead = 2_000;

const bytesOf = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) * 1_024;

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: start-up <folder>');
const begin = performance.now();
const grown = await openGrown(folder);
const opened = performance.now();
await grown.inbox();
const listed = performance.now();
const random = seeded(6);
for (let n = 0; n < pagesRead; n += 1) await grown.page(1 + Math.floor(random() * grown.messages));
setFlagsFromString('--expose-gc');
(runInNewContext('gc') as () => void)();
const status = readFileSync('/proc/self/status', 'utf8');
const answer: StartUp = {
  processMs: opened,
  openMs: opened - begin,
  inboxMs: listed - opened,
  heapBytes: process.memoryUsage().heapUsed,
  ownBytes: bytesOf(status, 'RssAnon'),
  mappedBytes: bytesOf(status, 'RssFile'),
};
await grown.parley.close();
process.stdout.write(`${JSON.stringify(answer)}\n`);
