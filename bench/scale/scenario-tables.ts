/** The scenarios in docs/SCALE.md: all of them in a table, events beside flows, and each with its limits and its chart. */
import { writeFileSync } from 'node:fs';
import { drawLines } from '#cli/capacity/chart';
import type { Scenario } from '#cli/capacity/scenarios';
import type { TableAnswer } from '#cli/capacity/table-tally';
import { delayP99, dollars, duration, firstLimit, number, percent } from '#cli/capacity/text';
import { markdownTable } from '../harness/table.ts';
import type { Answered } from './answers.ts';

/** A p99 of which some is still to come. */
const eventsP99 = ({ delayP99: seconds, behind, accepted }: TableAnswer): string =>
  behind > accepted / 100 ? `over ${duration(seconds)}` : duration(seconds);
const busiestP99 = ({ busiestInboxP99: seconds, behind, accepted, aside }: TableAnswer): string =>
  behind + aside > accepted / 100 ? `over ${duration(seconds)}` : duration(seconds);

/** What each scenario comes to, a row each. */
export const summaryTable = (answered: readonly Answered[]): string =>
  markdownTable(
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

/** The same minutes event by event and in flows. */
export const comparisonTable = (answered: readonly Answered[]): string =>
  markdownTable(
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

/** A section for each scenario; its chart is written below `docs`. */
export const scenarioSections = async (answered: readonly Answered[], docs: string): Promise<string> => {
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
  return sections.join('\n\n');
};
