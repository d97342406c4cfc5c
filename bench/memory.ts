/** Memory over a million sends through the library, the fan-out running beside them: does it stay where it was? */
import { fork } from 'node:child_process';
import { benchModule } from './harness/modules.ts';
import { median } from './harness/stats.ts';

/** Each after a forced collection, when the inboxes were current. */
export interface MemorySample {
  readonly sent: number;
  /** Since the first send. */
  readonly seconds: number;
  /** V8's heap, and of it and beside it the buffers that JavaScript holds. */
  readonly heapBytes: number;
  readonly bufferBytes: number;
  /** Memory that is the process's own: resident, and no file's. */
  readonly ownBytes: number;
  /** With the pages of the table's file that are mapped, which the system takes back as it needs them. */
  readonly residentBytes: number;
}

export interface MemoryOverSends {
  readonly samples: readonly MemorySample[];
  /** Samples from this many sends on are compared: by then the caches are full. */
  readonly warmUp: number;
}

export const millionSends = 1_000_000;
const stretches = 20;
const inFlight = 64;

/** The texts kept opened are the last cache to fill, at 100,000; a third as many again lets the others settle. */
const warmUpShare = 0.15;

export const measureMemory = async (sends: number, say: (line: string) => void): Promise<MemoryOverSends> => {
  const args = [sends, stretches, inFlight].map(String);
  const child = fork(benchModule('memory/sends'), args, { execArgv: process.execArgv });
  const samples: MemorySample[] = [];
  child.on('message', (message) => {
    const sample = message as MemorySample;
    samples.push(sample);
    say(
      `${sample.sent} sends in ${sample.seconds.toFixed(0)} s: heap ${(sample.heapBytes / 1e6).toFixed(1)} MB, own memory ${(sample.ownBytes / 1e6).toFixed(0)} MB`,
    );
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code !== 0 || samples.length < stretches) throw new Error(`the process that sends ended with ${code}`);
  return { samples, warmUp: sends * warmUpShare };
};

/** Of the samples after warming up, this share at each end is compared: single samples jump with what V8 keeps for later. */
const endShare = 1 / 3;

/** Medians of the first and the last samples after warming up, their ratio (1 is as flat as can be), and the highest of all. */
export const flatness = (
  { samples, warmUp }: MemoryOverSends,
  of: (sample: MemorySample) => number,
): { readonly first: number; readonly last: number; readonly highest: number; readonly ratio: number } => {
  const values = samples.filter((sample) => sample.sent >= warmUp).map(of);
  const count = Math.max(1, Math.round(values.length * endShare));
  const first = median(values.slice(0, count));
  const last = median(values.slice(-count));
  return { first, last, highest: Math.max(...values), ratio: last / first };
};
