/**
 * A process of its own that sends through the library, its fan-out running, and tells after each stretch of sends how much memory it
 * holds after a collection. `bench/memory.ts` starts it: `sends <sends> <stretches> <in flight>`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seeded } from '../harness/random.ts';
import { makeWorld, standardWorld } from '../harness/world.ts';
import type { MemorySample } from '../memory.ts';
import { start } from '../subjects/parley.ts';

const [sends = 0, stretches = 1, inFlight = 1] = process.argv.slice(2).map(Number);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const bytesOf = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) * 1_024;

const tell = (sample: MemorySample): void => {
  process.send?.(sample);
};

const folder = mkdtempSync(join(tmpdir(), 'parley-memory-'));
try {
  const subject = await start({ world: makeWorld(standardWorld), random: seeded(2), folder });
  if ('skipped' in subject) throw new Error(subject.skipped);
  const begin = performance.now();
  let sent = 0;
  const lane = async (until: number): Promise<void> => {
    while (sent < until) {
      sent += 1;
      await subject.operations.send();
    }
  };
  for (let stretch = 1; stretch <= stretches; stretch += 1) {
    const until = Math.round((sends * stretch) / stretches);
    await Promise.all(Array.from({ length: inFlight }, () => lane(until)));
    await subject.settle();
    // Twice: what the first lets go of may hold more that only a second finds, by its finalizers.
    collect();
    collect();
    const status = readFileSync('/proc/self/status', 'utf8');
    const { heapUsed, rss, arrayBuffers } = process.memoryUsage();
    tell({
      sent,
      seconds: (performance.now() - begin) / 1_000,
      heapBytes: heapUsed,
      bufferBytes: arrayBuffers,
      ownBytes: bytesOf(status, 'RssAnon'),
      residentBytes: rss,
    });
  }
  await subject.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.disconnect?.();
