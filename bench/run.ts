/**
 * `npm run bench`: sends, pages of 20 and inboxes of 20, through the library and through HTTP, beside PostgreSQL; then the live
 * fan-out: idle streams, delivery on a quiet server and to a thousand streams.
 *
 *   npm run bench -- --only live      that part alone; `--only compared` leaves it out
 *   npm run bench -- --rounds 5 --seconds 3 --subjects parley,postgres --operations send,page --in-flight 1,32 --json out.json
 *   npm run bench -- --smoke     one round of half a second: does it run at all?
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine } from './harness/machine.ts';
import { uncompiled } from './harness/modules.ts';
import { figuresTable, ratiosTable, skippedLines } from './harness/report.ts';
import { type Plan, type SideBySide, sideBySide } from './harness/rounds.ts';
import { type OperationName, operationNames } from './harness/subject.ts';
import { standardWorld } from './harness/world.ts';
import { liveSize, liveSizeSmall, liveTable, measureLive } from './live.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    subjects: { type: 'string' },
    operations: { type: 'string', default: operationNames.join(',') },
    'in-flight': { type: 'string', default: '1,32' },
    only: { type: 'string' },
    json: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});

/** Each group is compared within itself; the first is what the others are compared with. */
const groups: readonly (readonly string[])[] =
  values.subjects === undefined
    ? [
        ['parley', 'postgres'],
        ['parley-http', 'postgres-http'],
      ]
    : [values.subjects.split(',')];

const isOperation = (name: string): name is OperationName => operationNames.some((one) => one === name);

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
if (uncompiled) process.stderr.write('not compiled: figures are for trying out (npm run bench compiles)\n');
const results: SideBySide[] = [];
const compared = values.only === undefined || values.only === 'compared';
const live = values.only === 'live' || (values.only === undefined && values.subjects === undefined);
for (const subjects of compared ? groups : []) {
  const plan: Plan = {
    subjects,
    operations: values.operations.split(',').filter(isOperation),
    inFlight: values['in-flight'].split(',').map(Number),
    rounds: values.smoke ? 1 : Number(values.rounds),
    seconds: values.smoke ? 0.5 : Number(values.seconds),
    world: standardWorld,
  };
  const result = await sideBySide(plan, say);
  results.push(result);
  const parts = [figuresTable(result), ratiosTable(result, subjects[0] ?? ''), skippedLines(result)];
  process.stdout.write(`\n${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

const delivered = live ? await measureLive(values.smoke ? liveSizeSmall : liveSize, say) : undefined;
if (delivered !== undefined) process.stdout.write(`\n${liveTable(delivered)}\n`);

if (values.json !== undefined) {
  writeFileSync(
    values.json,
    `${JSON.stringify({ machine: describeMachine(new Date()), results, live: delivered }, undefined, 2)}\n`,
  );
}
