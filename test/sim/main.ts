/**
 * `npm run sim -- --seeds N [--from S] [--clients] [--mutation RULE]`: many seeds, or one again (`--seeds 1 --from S`). With
 * `--clients` the people work through the SDK, over a network between them and the nodes that is bad as well.
 */
import { parseArgs } from 'node:util';
import { runSeed } from './run.ts';
import type { ClientMutation } from './sdk/device.ts';
import { runClientSeed } from './sdk/run.ts';
import type { Mutation } from './truth.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    mutation: { type: 'string' },
    clients: { type: 'boolean', default: false },
  },
});
const first = Number(values.from);
const count = Number(values.seeds);
let faulty = 0;
let entries = 0;
const begin = performance.now();
for (let seed = first; seed < first + count; seed += 1) {
  const outcome = values.clients
    ? await runClientSeed(seed, values.mutation as ClientMutation | undefined)
    : await runSeed(seed, values.mutation as Mutation | undefined);
  entries += outcome.entries;
  if (outcome.faults.length > 0) {
    faulty += 1;
    if (faulty <= 5) console.log(`seed ${seed}:\n  ${outcome.faults.slice(0, 5).join('\n  ')}`);
  }
}
const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
console.log(`${count} seeds from ${first}: ${entries} messages acknowledged, ${faulty} runs with faults, ${seconds} s`);
process.exit(faulty === 0 ? 0 : 1);
