/**
 * Where the time of one operation goes: `node dist/bench/profile.js parley send 32 3` runs a load on a subject under V8's sampling
 * profiler and prints self times by room, library and function. `npm run bench:all` has the ones that matter.
 */
import { operationNames } from './harness/subject.ts';
import { figure, markdownTable, percent } from './harness/table.ts';
import { profileSubject } from './profile/measure.ts';

const [subject = 'parley', asked = 'send', inFlight = '32', seconds = '3'] = process.argv.slice(2);
const operation = operationNames.find((one) => one === asked);
if (operation === undefined) throw new Error(`the operation is one of ${operationNames.join(', ')}`);

const load = { operation, inFlight: Number(inFlight), seconds: Number(seconds) };
for (const profile of await profileSubject(subject, [load])) {
  const rows = (times: typeof profile.groups): string[][] =>
    times.map(([what, micros]) => [what, percent(micros / profile.totalMicros), figure(micros)]);
  process.stdout.write(
    `${subject}, ${operation}, ${inFlight} in flight: ${figure(profile.opsPerSecond)}/s, ${figure(profile.totalMicros)} µs each\n\n` +
      `${markdownTable(['where', 'share', 'µs/op'], rows(profile.groups))}\n\n` +
      `${markdownTable(['function', 'share', 'µs/op'], rows(profile.functions))}\n`,
  );
}
