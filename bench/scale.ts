/**
 * `npm run bench:scale`: internet scale on paper. Runs every scenario of the capacity model, as events and as flows, and writes
 * docs/SCALE.md with its charts. The model is seeded: the same source writes the same file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { growthChart } from '#cli/capacity/growth';
import { priceSources } from '#cli/capacity/prices';
import { defaults } from '#cli/capacity/question';
import { answerLines } from '#cli/capacity/text';
import { outboxRetrySeconds } from '#cli/capacity/traffic';
import { uncompiled } from './harness/modules.ts';
import { markdownTable } from './harness/table.ts';
import { answerScenarios } from './scale/answers.ts';
import { assumedTable, documentedTable } from './scale/model-tables.ts';
import { comparisonTable, scenarioSections, summaryTable } from './scale/scenario-tables.ts';
import { sensitivityTable, shardTable, variedRate } from './scale/shard-tables.ts';

const docs = fileURLToPath(new URL(uncompiled ? '../docs/' : '../../docs/', import.meta.url));
mkdirSync(`${docs}images/scale`, { recursive: true });

const answered = answerScenarios();
const sections = await scenarioSections(answered, docs);

writeFileSync(`${docs}images/scale/growth.svg`, await growthChart(defaults));
const example = answered.find(({ scenario }) => scenario.run.question.users === 1_000_000);

writeFileSync(
  `${docs}SCALE.md`,
  `# Scale, by simulation

Written by \`npm run bench:scale\`; do not edit. A model of what AWS documents of DynamoDB and Lambda, driven by Parley's own
access patterns (their units are in [SPEC.md](SPEC.md), COST) and by people's real messages (sizes from 11,681 of them; how
unevenly people write is an assumption, see \`src/cli/capacity/workload.ts\`). It is a model: nothing here was run on AWS.

Ask it about your own figures: \`bin/capacity --users 1e6 --messages-per-day 40 --chart growth.svg\`.

## Summary

What is refused, and how late inboxes are, is from the events below, of the minutes that matter; the rest is of the whole day.

${summaryTable(answered)}

Prices: ${priceSources.region}, on demand, ${priceSources.date} (${priceSources.dynamodb}); the service that answers requests, KMS and transfer are not in them.

## For example: 1 million users a day

${markdownTable(['', ''], example === undefined ? [] : answerLines(example.answer).map(([name, value]) => [name, value]))}

![How near each limit is as users grow](images/scale/growth.svg)

## The scenarios

${sections}

## Event by event, beside the flows

Each scenario's minutes that matter are run with every message, row and read mark an event (\`src/cli/capacity/table-events.ts\`): people sit down
to a conversation for as many messages as the real ones have, of their real sizes; conversations and inboxes are as unequal as the
workload says, and hash to partitions, each with its own 1,000 units a second, its heat and its splits. A put meets
its partition and the table as a whole, waits for its shard's poll and for an execution of Lambda, and is in a batch with what came
meanwhile; a row needs units of its partition in the table and of its person's in the index. What is refused comes again: sends after
${outboxRetrySeconds} s, rows with the backoff of the table's client. Reads are a flow: they come near no partition's units, only the whole's.

The largest are a fair sample: one partition in a hundred of the hundred million's, one in ten of the lost region's, with as large a
share of people, quotas and executions; partitions and batches at once are multiplied up again. Where two figures stand, the first is the events', the second the same
minutes counted in flows (\`src/cli/capacity/simulate.ts\`, which is what \`bin/capacity\` answers from in a second). Shares refused are of all tries,
repeated ones included.

${comparisonTable(answered)}

Where nothing is refused the two agree. Where something is, trust the events; the flows differ for these reasons:

- **Tries.** The flows' fan-out asks for what it was last served and little more; real batches try each refused row again within a
  second, sixteen at a time. So most tries are refused while the same rows get through: the celebrity's, the crowd's.
- **Who gets the units.** For the same reason the fan-out holds its ground against sends when the table as a whole is at its end. In
  the flash crowd and the lost region more sends are refused than the flows say, and those accepted are in inboxes sooner.
- **One row holds up a shard.** With refused rows in place, a batch with one of the celebrity's rows stands still, and every shard soon has
  one. The flows slow all rows alike and free them alike; batches end in their order, each with its slowest row, so the last wait longer.
- **Set aside, rows are not served in their order.** New ones take what is left as they come by, and the oldest wait; the flows serve
  the oldest first.
- **Executions.** Without enough of them shards take turns, and each turn's batch is fuller and dearer by little: a hundred million's
  inboxes are a second or two late at a quarter of the executions that a batch for each poll would need.
- **The group.** A shard that always has something waiting takes batch after batch, fifteen a second for a hundred people, not the four of an
  idle shard's polls: a full group costs more row updates than its messages suggest. A batching window of a second would save most of them.

## One shard, event by event

One partition and its shard alone (\`src/cli/capacity/shard-events.ts\`), by the same events: two people a conversation, ten minutes each. Past
what a partition serves it is cut in two after the time that is assumed below.

${shardTable()}

What AWS does not say is assumed; this is how much hangs on it, at ${variedRate} messages a second on one shard:

${sensitivityTable()}

## What the model knows

In its events a key has its place, by hash, and a partition a range of them; it has a second's units in advance and no more, and one that
stays hot is cut where half of what was asked of it lies on either side. A single key never gets more than one partition's
units: a log's new entries and an inbox's newest rows all land at one end of their key's range, where a split does not help.
In flows a second is the step, keys that are not hot spread evenly over partitions, and the busiest conversation and the busiest inbox are
followed on their own; the charts of whole days, the limits and the costs are from them. What is refused is tried again: sends from the client's
outbox, updates by the batch they are in.

Documented, as read in November 2026:

${documentedTable()}

${assumedTable()}
`,
);
process.stdout.write(`${summaryTable(answered)}\n`);
