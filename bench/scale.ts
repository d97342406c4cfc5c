/**
 * `npm run bench:scale`: internet scale on paper. Runs every scenario of the capacity model, as events and as flows, and writes
 * docs/SCALE.md with its charts. The model is seeded: the same source writes the same file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Answer, answerTo } from '#cli/capacity/answer';
import { type Assumed, assumed as assumptions } from '#cli/capacity/assumed';
import { drawLines } from '#cli/capacity/chart';
import { growthChart } from '#cli/capacity/growth';
import * as limits from '#cli/capacity/limits';
import { priceSources } from '#cli/capacity/prices';
import { defaults } from '#cli/capacity/question';
import { seeded } from '#cli/capacity/random';
import { type Scenario, scenarios } from '#cli/capacity/scenarios';
import { runShard } from '#cli/capacity/shard-events';
import { type Outcome, simulate } from '#cli/capacity/simulate';
import { runTable } from '#cli/capacity/table-events';
import { tableRun } from '#cli/capacity/table-run';
import type { TableAnswer } from '#cli/capacity/table-tally';
import { answerLines, delayP99, dollars, duration, firstLimit, number, percent } from '#cli/capacity/text';
import { outboxRetrySeconds } from '#cli/capacity/traffic';
import { defaultRetryPolicy } from '#table/retry';
import { uncompiled } from './harness/modules.ts';
import { markdownTable } from './harness/table.ts';

const docs = fileURLToPath(new URL(uncompiled ? '../docs/' : '../../docs/', import.meta.url));
mkdirSync(`${docs}images/scale`, { recursive: true });

interface Answered {
  readonly scenario: Scenario;
  /** The whole day in flows, the window of it in flows, and the window event by event. */
  readonly answer: Answer;
  readonly flows: Outcome;
  readonly events: TableAnswer;
}

/** The seed of the events' chance. */
const seed = 5;

const answered: readonly Answered[] = scenarios().map((scenario) => {
  const { run, window, sample } = scenario;
  return {
    scenario,
    answer: answerTo(run.question, run),
    flows: simulate(run, window),
    events: runTable(tableRun(run, window, sample, seeded(seed))),
  };
});

/** A p99 of which some is still to come. */
const eventsP99 = ({ delayP99: seconds, behind, accepted }: TableAnswer): string =>
  behind > accepted / 100 ? `over ${duration(seconds)}` : duration(seconds);
const busiestP99 = ({ busiestInboxP99: seconds, behind, accepted, aside }: TableAnswer): string =>
  behind + aside > accepted / 100 ? `over ${duration(seconds)}` : duration(seconds);

const summary = markdownTable(
  [
    'scenario',
    'partitions, table + index',
    'peak units/s, table + index',
    'first tries to send refused',
    'inbox delay p99',
    'busiest inbox p99',
    '$ a month',
    'first limit',
  ],
  answered.map(({ scenario, answer, events }) => [
    scenario.name,
    `${number(answer.outcome.tablePartitions)} + ${number(answer.outcome.indexPartitions)}`,
    `${number(answer.outcome.peak.table)} + ${number(answer.outcome.peak.index)}`,
    percent(events.refusedAtFirst),
    eventsP99(events),
    busiestP99(events),
    dollars(answer.costs.total),
    firstLimit(answer),
  ]),
);

/** Two figures of one thing: event by event, and in flows. */
const beside = (events: string, flows: string): string => `${events} / ${flows}`;
const minutesOf = ({ window, sample }: Scenario): string =>
  `${number((window.to - window.from) / 60)}${sample === 1 ? '' : `, 1 in ${number(sample)}`}`;

const comparison = markdownTable(
  [
    'scenario',
    'minutes, sample',
    'messages',
    'sends refused',
    'inbox updates refused',
    'reads refused',
    'inbox delay p50',
    'p99',
    'busiest inbox p99',
    'row updates a message',
    'partitions, table + index',
    'batches at once',
  ],
  answered.map(({ scenario, events, flows }) => [
    scenario.name,
    minutesOf(scenario),
    number(events.sent),
    beside(percent(events.refusedSends), percent(flows.refusedSends)),
    beside(percent(events.refusedUpdates), percent(flows.refusedUpdates)),
    beside(percent(events.refusedReads), percent(flows.refusedReads)),
    beside(duration(events.delayP50), duration(flows.delayP50)),
    beside(eventsP99(events), delayP99(flows)),
    beside(busiestP99(events), duration(flows.busiestInboxP99)),
    number(events.updatesPerMessage),
    `${number(events.tablePartitions * scenario.sample)} + ${number(events.indexPartitions * scenario.sample)}`,
    number(events.concurrency * scenario.sample),
  ]),
);

/** The days worth a picture: those on which something happens. */
const ordinaryDays = /^\d/;

const sections: string[] = [];
for (const { scenario, answer, events } of answered) {
  const rows = answer.limits
    .slice(0, 4)
    .map((limit) => [limit.name, percent(limit.share), limit.raise, `[AWS](${limit.source})`]);
  const parts = [
    `### ${scenario.name}`,
    scenario.story,
    `First limit: ${firstLimit(answer)}. What raises it: ${answer.limits[0]?.raise ?? 'nothing'}. Inbox delay: p50 ${duration(events.delayP50)}, p99 ${eventsP99(events)}; the busiest inbox's p99 ${busiestP99(events)}.`,
    markdownTable(['limit', 'used at the peak', 'what raises it', 'source'], rows),
  ];
  if (!ordinaryDays.test(scenario.id)) {
    const file = `images/scale/${scenario.id}.svg`;
    const minutes = answer.outcome.minutes;
    const line = (name: string, of: (minute: (typeof minutes)[number]) => number) => ({
      name,
      // A logarithmic axis has no zero: nothing is drawn along the bottom.
      points: minutes.map((minute, n) => [n, Math.max(0.1, of(minute))] as const),
    });
    writeFileSync(
      `${docs}${file}`,
      await drawLines({
        title: `${scenario.name}, in flows: refused, and how late inboxes are`,
        x: { name: 'minute' },
        y: { name: 'per cent; seconds', log: true, min: 0.1 },
        lines: [
          line('sends refused, %', (minute) => minute.refusedShare * 100),
          line('inbox updates refused, %', (minute) => minute.refusedUpdates * 100),
          line('inbox delay p99, s', (minute) => minute.delaySeconds),
        ],
      }),
    );
    parts.push(`![${scenario.name}](${file})`);
  }
  sections.push(parts.join('\n\n'));
}

writeFileSync(`${docs}images/scale/growth.svg`, await growthChart(defaults));
const example = answered.find(({ scenario }) => scenario.run.question.users === 1_000_000);

const documented = markdownTable(
  ['what', 'value', 'source'],
  [
    ['write units a partition', number(limits.partitionWriteUnits), limits.pages.partitions],
    ['read units a partition', number(limits.partitionReadUnits), limits.pages.partitions],
    ['size at which a partition is split', '10 GB', limits.pages.heat],
    [
      'a new table, write and read units',
      `${number(limits.newTableWriteUnits)}, ${number(limits.newTableReadUnits)}`,
      limits.pages.onDemand,
    ],
    ['growth on demand', `${limits.onDemandGrowth} times the previous peak in 30 minutes`, limits.pages.onDemand],
    ['units of a table or index by default', number(limits.tableUnitsQuota), limits.pages.quotas],
    ['an index that cannot take its share holds up the table', '', limits.pages.backPressure],
    ['Lambda asks a shard', `${limits.shardPollsPerSecond} times a second`, limits.pages.lambdaStreams],
    [
      'records a batch, batches of a shard at once',
      `${limits.batchRecords}, 1 to ${limits.shardParallelismMax}`,
      limits.pages.lambdaParameters,
    ],
    ['concurrent executions by default', number(limits.lambdaConcurrency), limits.pages.lambdaQuotas],
  ],
);

const assumed = markdownTable(
  ['what AWS does not say, and we assume', 'value'],
  [
    ['a partition is split when it is this full …', percent(limits.heatShare)],
    ['… for this long', duration(limits.heatSeconds)],
    ['one write of the fan-out, with its network', duration(limits.writeSeconds)],
    ['what a batch costs apart from its writes', duration(limits.batchOverheadSeconds)],
    ['writes of one batch in flight', number(limits.batchWritesInFlight)],
    ['units that a partition, a table or an index has in advance', 'of one second'],
    ['who comes while any unit is left', 'is served, the rest is owed'],
    ['a refused row is tried again', `within ${duration(defaultRetryPolicy.capMs / 1_000)}, sooner at first`],
  ],
);

const shardOf = (messagesPerSecond: number, more: { parallelism?: number; assumed?: Assumed } = {}) =>
  runShard({ messagesPerSecond, participants: 2, parallelism: 1, seconds: 600, random: seeded(9), ...more });

/** From what a partition of a million users' table has at the peak, past what a partition serves. */
const shardRates = [1.4, 10, 100, 300, 400] as const;
const shard = markdownTable(
  [
    'messages a second',
    'inbox delay p50',
    'p99',
    'row updates a message',
    'write units a message',
    'first tries to send refused',
    'row updates refused',
    'partitions in the end',
  ],
  shardRates.map((rate) => {
    const one = shardOf(rate);
    return [
      number(rate),
      duration(one.delayP50),
      duration(one.delayP99),
      number(one.updatesPerMessage),
      number(one.unitsPerMessage),
      percent(one.refusedAtFirst),
      percent(one.refusedUpdates),
      number(one.tablePartitions),
    ];
  }),
);

/** The rate at which what we assume is varied: busy, and not refused. */
const variedRate = 300;
const varied: readonly (readonly [name: string, assumed: Assumed])[] = [
  ['as assumed', assumptions],
  ['a write takes twice as long', { ...assumptions, writeSeconds: 2 * assumptions.writeSeconds }],
  ['five times as long', { ...assumptions, writeSeconds: 5 * assumptions.writeSeconds }],
  ['a batch costs twice as much apart', { ...assumptions, batchOverheadSeconds: 2 * assumptions.batchOverheadSeconds }],
  ['five times as much', { ...assumptions, batchOverheadSeconds: 5 * assumptions.batchOverheadSeconds }],
  ['half as many writes in flight', { ...assumptions, batchWritesInFlight: assumptions.batchWritesInFlight / 2 }],
];
const sensitivity = markdownTable(
  ['assumption', 'inbox delay p99', 'with 4 batches of a shard at once'],
  varied.map(([name, assumed]) => [
    name,
    duration(shardOf(variedRate, { assumed }).delayP99),
    duration(shardOf(variedRate, { assumed, parallelism: 4 }).delayP99),
  ]),
);

writeFileSync(
  `${docs}SCALE.md`,
  `# Scale, by simulation

Written by \`npm run bench:scale\`; do not edit. A model of what AWS documents of DynamoDB and Lambda, driven by Parley's own
access patterns (their units are in [SPEC.md](SPEC.md), COST) and by people's real messages (sizes from 11,681 of them; how
unevenly people write is an assumption, see \`src/cli/capacity/workload.ts\`). It is a model: nothing here was run on AWS.

Ask it about your own figures: \`bin/capacity --users 1e6 --messages-per-day 40 --chart growth.svg\`.

## Summary

What is refused, and how late inboxes are, is from the events below, of the minutes that matter; the rest is of the whole day.

${summary}

Prices: ${priceSources.region}, on demand, ${priceSources.date} (${priceSources.dynamodb}); the service that answers requests, KMS and transfer are not in them.

## For example: 1 million users a day

${markdownTable(['', ''], example === undefined ? [] : answerLines(example.answer).map(([name, value]) => [name, value]))}

![How near each limit is as users grow](images/scale/growth.svg)

## The scenarios

${sections.join('\n\n')}

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

${comparison}

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

${shard}

What AWS does not say is assumed; this is how much hangs on it, at ${variedRate} messages a second on one shard:

${sensitivity}

## What the model knows

In its events a key has its place, by hash, and a partition a range of them; it has a second's units in advance and no more, and one that
stays hot is cut where half of what was asked of it lies on either side. A single key never gets more than one partition's
units: a log's new entries and an inbox's newest rows all land at one end of their key's range, where a split does not help.
In flows a second is the step, keys that are not hot spread evenly over partitions, and the busiest conversation and the busiest inbox are
followed on their own; the charts of whole days, the limits and the costs are from them. What is refused is tried again: sends from the client's
outbox, updates by the batch they are in.

Documented, as read in November 2026:

${documented}

${assumed}
`,
);
process.stdout.write(`${summary}\n`);
