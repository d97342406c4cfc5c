/**
 * `node --conditions=source --import tsx bench/designs.ts`: the designs on DynamoDB side by side, by units, requests, delay and
 * what each loses under the same faults. `--json FILE` keeps the figures; `--trials 40` sets how often each fault is done.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compareDesigns, costsTable, delaysTable, faultsTable } from './designs-report.ts';
import { describeMachine } from './harness/machine.ts';

const { values } = parseArgs({ options: { json: { type: 'string' }, trials: { type: 'string', default: '40' } } });
const compared = await compareDesigns(Number(values.trials), (line) => process.stderr.write(`${line}\n`));
process.stdout.write(`${[costsTable(compared), delaysTable(compared), faultsTable(compared)].join('\n\n')}\n`);
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ machine: describeMachine(new Date()), compared }, undefined, 2)}\n`);
}
