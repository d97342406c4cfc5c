/**
 * Where the time of one operation goes: `node dist/bench/profile.js parley send 32 3` runs a load on a subject under V8's sampling
 * profiler and prints self times by function and by folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLoop } from './harness/loop.ts';
import { benchModule } from './harness/modules.ts';
import { seeded } from './harness/random.ts';
import { operationNames, type StartSubject } from './harness/subject.ts';
import { figure, markdownTable, percent } from './harness/table.ts';
import { makeWorld, standardWorld } from './harness/world.ts';

const [name = 'parley', asked = 'send', inFlight = '32', seconds = '3'] = process.argv.slice(2);
const operation = operationNames.find((one) => one === asked);
if (operation === undefined) throw new Error(`the operation is one of ${operationNames.join(', ')}`);

const { start }: { readonly start: StartSubject } = await import(benchModule(`subjects/${name}`));
const folder = mkdtempSync(join(tmpdir(), 'parley-profile-'));
const subject = await start({ world: makeWorld(standardWorld), random: seeded(2), folder });
if ('skipped' in subject) throw new Error(subject.skipped);
const load = { operation, inFlight: Number(inFlight), seconds: Number(seconds) };
await runLoop(subject, { ...load, seconds: 1 });

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: 200 });
await session.post('Profiler.start');
const result = await runLoop(subject, load);
const { profile } = await session.post('Profiler.stop');
await subject.close();
rmSync(folder, { recursive: true, force: true });

/** `src/table/embedded/codec.js` of a file's address; a package's name; or V8's own. */
const placeOf = (url: string): string => {
  const own = /\/(?:dist|src)\/(.+)$/.exec(url)?.[1];
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return packaged ?? own ?? (url === '' ? 'V8' : url);
};

const byFunction = new Map<string, number>();
const byPlace = new Map<string, number>();
const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
let total = 0;
for (const [n, id] of (profile.samples ?? []).entries()) {
  const micros = profile.timeDeltas?.[n] ?? 0;
  const frame = nodes.get(id)?.callFrame;
  if (frame === undefined || frame.functionName === '(idle)') continue;
  total += micros;
  const place = placeOf(frame.url);
  byPlace.set(place, (byPlace.get(place) ?? 0) + micros);
  const named = `${frame.functionName || '(anonymous)'} ${place}:${frame.lineNumber + 1}`;
  byFunction.set(named, (byFunction.get(named) ?? 0) + micros);
}

const rows = (times: Map<string, number>, most: number): string[][] =>
  [...times]
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([what, micros]) => [what, percent(micros / total), figure(micros / result.count)]);

process.stdout.write(
  `${name}, ${operation}, ${inFlight} in flight: ${figure(result.opsPerSecond)}/s, ${figure(result.cpuClient)} µs of CPU each\n\n` +
    `${markdownTable(['where', 'share', 'µs/op'], rows(byPlace, 20))}\n\n` +
    `${markdownTable(['function', 'share', 'µs/op'], rows(byFunction, 30))}\n`,
);
