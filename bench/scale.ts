/**
 * `npm run bench:scale`: internet scale on paper. Runs every scenario of the capacity model and writes docs/SCALE.md with its
 * charts. The model is seeded: the same source writes the same file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Answer, answerTo } from '#cli/capacity/answer';
import { drawLines } from '#cli/capacity/chart';
import { growthChart } from '#cli/capacity/growth';
import * as limits from '#cli/capacity/limits';
import { priceSources } from '#cli/capacity/prices';
import { defaults } from '#cli/capacity/question';
import { seeded } from '#cli/capacity/random';
import { type Scenario, scenarios } from '#cli/capacity/scenarios';
import { type Assumed, assumed as assumptions, runShard } from '#cli/capacity/shard-events';
import { answerLines, delayP99, dollars, duration, firstLimit, number, percent } from '#cli/capacity/text';
import { uncompiled } from './harness/modules.ts';
import { markdownTable } from './harness/table.ts';

const docs = fileURLToPath(new URL(uncompiled ? '../docs/' : '../../docs/', import.meta.url));
mkdirSync(`${docs}images/scale`, { recursive: true });

interface Answered {
  readonly scenario: Scenario;
  readonly answer: Answer;
}

const answered: readonly Answered[] = scenarios().map((scenario) => ({
  scenario,
  answer: answerTo(scenario.run.question, scenario.run),
}));

const summary = markdownTable(
  [
    'scenario',
    'partitions, table + index',
    'peak units/s, table + index',
    'sends refused at first',
    'inbox updates refused',
    'reads refused',
    'inbox delay p99',
    'busiest inbox p99',
    '$ a month',
  ],
  answered.map((one) => {
    const { outcome, costs } = one.answer;
    return [
      one.scenario.name,
      `${number(outcome.tablePartitions)} + ${number(outcome.indexPartitions)}`,
      `${number(outcome.peak.table)} + ${number(outcome.peak.index)}`,
      percent(outcome.refusedSends),
      percent(outcome.refusedUpdates),
      percent(outcome.refusedReads),
      delayP99(outcome),
      duration(outcome.busiestInboxP99),
      dollars(costs.total),
    ];
  }),
);

/** The days worth a picture: those on which something happens. */
const ordinaryDays = /^\d/;

const sections: string[] = [];
for (const one of answered) {
  const { scenario, answer } = one;
  const rows = answer.limits
    .slice(0, 4)
    .map((limit) => [limit.name, percent(limit.share), limit.raise, `[AWS](${limit.source})`]);
  const parts = [
    `### ${scenario.name}`,
    scenario.story,
    `First limit: ${firstLimit(answer)}. What raises it: ${answer.limits[0]?.raise ?? 'nothing'}. Inbox delay: p50 ${duration(answer.outcome.delayP50)}, p99 ${delayP99(answer.outcome)}; the busiest inbox's p99 ${duration(answer.outcome.busiestInboxP99)}.`,
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
        title: `${scenario.name}: refused, and how late inboxes are`,
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
  ],
);

const shardOf = (messagesPerSecond: number, more: { parallelism?: number; assumed?: Assumed } = {}) =>
  runShard({ messagesPerSecond, participants: 2, parallelism: 1, seconds: 600, random: seeded(9), ...more });

/** From what a partition of a million users' table has at the peak, past what a partition serves. */
const shardRates = [1.4, 10, 100, 300, 400] as const;
const events = markdownTable(
  ['messages a second', 'inbox delay p50', 'p99', 'row updates a message', 'write units a message', 'sends refused'],
  shardRates.map((rate) => {
    const { delayP50, delayP99, updatesPerMessage, unitsPerMessage, refusedShare } = shardOf(rate);
    return [
      number(rate),
      duration(delayP50),
      duration(delayP99),
      number(updatesPerMessage),
      number(unitsPerMessage),
      percent(refusedShare),
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

${summary}

Prices: ${priceSources.region}, on demand, ${priceSources.date} (${priceSources.dynamodb}); the service that answers requests, KMS and transfer are not in them.

## For example: 1 million users a day

${markdownTable(['', ''], example === undefined ? [] : answerLines(example.answer).map(([name, value]) => [name, value]))}

![How near each limit is as users grow](images/scale/growth.svg)

## The scenarios

${sections.join('\n\n')}

## One shard, event by event

The scenarios count in flows. This is one partition and its shard with every message an event (\`src/cli/capacity/shard-events.ts\`): people
sit down to a conversation for as many messages as the real ones have, of their real sizes; each put takes units of the
partition's 1,000, waits for the poll, and is in a batch with what came meanwhile. Two people a conversation, ten minutes each.

${events}

What AWS does not say is assumed; this is how much hangs on it, at ${variedRate} messages a second on one shard:

${sensitivity}

## What the model knows

Seconds are its steps: every documented limit is per second. Keys that are not hot spread evenly over a table's partitions; the
busiest conversation and the busiest inbox are followed on their own, because a single key never gets more than one
partition's units: a log's new entries and an inbox's newest rows all land at one end of their key's range, where a split does
not help. What is refused is tried again: sends from the client's outbox, updates by the batch they are in.

Documented, as read in November 2026:

${documented}

${assumed}
`,
);
process.stdout.write(`${summary}\n`);
