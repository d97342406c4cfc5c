import { describe, expect, it } from 'vitest';
import type { Row } from './batch-events.ts';
import { partitionWriteUnits } from './limits.ts';
import { createOnDemand } from './on-demand.ts';
import { createPeople } from './people.ts';
import { defaults } from './question.ts';
import { seeded } from './random.ts';
import { scenarios } from './scenarios.ts';
import { runTable, type TableRun } from './table-events.ts';
import { tableRun } from './table-run.ts';
import type { Traffic } from './traffic.ts';

const traffic: Traffic = {
  sends: 100,
  busiestConversation: 1,
  busiestConversationSize: 2,
  busiestInbox: 0,
  pages: 0,
  inboxes: 0,
  readMarks: 50,
};

/** A table of so many units and partitions, and its index alike; half an hour is beyond these tests, so nothing grows. */
const keysOf = (warm: number, partitions: number): TableRun['table'] => ({
  onDemand: createOnDemand({ peakBefore: 0, fresh: warm }),
  partitions,
  quota: Number.MAX_SAFE_INTEGER,
  partitionsFor: () => partitions,
});

const ask = (sends: Partial<Traffic>, run: Partial<TableRun> = {}) =>
  runTable({
    question: { ...defaults, users: 100_000 },
    traffic: () => ({ ...traffic, ...sends }),
    from: 0,
    to: 60,
    drain: true,
    table: keysOf(20_000, 20),
    index: keysOf(20_000, 20),
    reads: { onDemand: createOnDemand({ peakBefore: 0, fresh: 1_000 }), quota: 40_000 },
    concurrency: 1_000,
    random: seeded(4),
    ...run,
  });

describe('a table, event by event', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(ask({})).toEqual(ask({}));
    expect(ask({})).not.toEqual(ask({}, { random: seeded(5) }));
  });

  it('loses nothing: each message is accepted or in an outbox, each accepted in its rows or behind', () => {
    const short = { table: keysOf(250, 4), index: keysOf(300, 4) };
    let [puts, rows] = [0, 0];
    const cut = ask({}, { ...short, drain: false, watch: { put: () => (puts += 1), row: () => (rows += 1) } });
    expect(cut.refusedSends).toBeGreaterThan(0.05);
    expect(cut.outbox).toBeGreaterThan(0);
    expect(cut.behind).toBeGreaterThan(0);
    expect(cut.accepted + cut.outbox).toBe(cut.sent);
    expect(cut.accepted).toBe(puts);
    expect(rows).toBeGreaterThan(0);
    const drained = ask({}, short);
    expect(drained.sent).toBe(cut.sent);
    expect(drained).toMatchObject({ accepted: drained.sent, outbox: 0, behind: 0, aside: 0 });
  });

  it.each(['in-place', 'set-aside'] as const)(
    'brings every accepted message to each participant, %s',
    (refusedRows) => {
      const puts = new Map<number, number>();
      const reached = new Map<number, Set<number>>();
      const answer = ask(
        { busiestInbox: 30 },
        {
          question: { ...defaults, users: 100_000, refusedRows },
          index: keysOf(350, 4),
          watch: {
            put: (conversation, at) => puts.set(conversation, at),
            row: ({ conversation, user }, at) => {
              if (at < (puts.get(conversation) ?? 0)) return;
              reached.set(conversation, (reached.get(conversation) ?? new Set()).add(user));
            },
          },
        },
      );
      expect(answer.refusedUpdates).toBeGreaterThan(0.05);
      const people = createPeople({ users: 100_000, groupSize: 2 }, 2, seeded(1));
      // Whoever the last message of each conversation was for has a row written after it.
      for (const conversation of puts.keys()) {
        for (const place of [0, 1]) expect(reached.get(conversation)).toContain(people.member(conversation, place));
      }
    },
  );

  it('keeps the order of a conversation, in each lane of a shard', () => {
    const last = new Map<string, number>();
    const late: Row[] = [];
    const row = (one: Row): void => {
      const name = `${one.conversation} ${one.user}`;
      if (one.putAt < (last.get(name) ?? 0)) late.push(one);
      last.set(name, one.putAt);
    };
    const four = { ...defaults, users: 100_000, shardParallelism: 4 };
    ask({ sends: 600, busiestConversation: 20 }, { question: four, index: keysOf(2_000, 4), watch: { row } });
    expect(last.size).toBeGreaterThan(1_000);
    expect(late).toEqual([]);
  });

  it('gives one conversation one partition and no more, however many there are', () => {
    const rate = 1.5 * partitionWriteUnits;
    const answer = ask({ sends: rate, busiestConversation: rate, readMarks: 0 }, { drain: false, to: 30 });
    expect(answer.accepted).toBeLessThan(1.04 * 30 * partitionWriteUnits + partitionWriteUnits);
    expect(answer.accepted).toBeGreaterThan(0.8 * 30 * partitionWriteUnits);
    expect(answer.refusedAtFirst).toBeGreaterThan(0.2);
  });

  it('holds up rows when the index cannot take its share, and sends are put all the same', () => {
    const answer = ask({ sends: 300, readMarks: 0 }, { drain: false, index: keysOf(600, 4) });
    expect(answer.refusedAtFirst).toBe(0);
    expect(answer.refusedUpdates).toBeGreaterThan(0.3);
    expect(answer.delayP99).toBeGreaterThan(10);
    expect(ask({ sends: 300, readMarks: 0 }, { drain: false }).delayP99).toBeLessThan(0.5);
  });

  it('is behind without executions, with fuller batches that cost fewer updates', () => {
    const few = ask({ sends: 400 }, { concurrency: 1 });
    const enough = ask({ sends: 400 });
    expect(few.concurrency).toBe(1);
    expect(few.delayP50).toBeGreaterThan(2 * enough.delayP50);
    expect(few.updatesPerMessage).toBeLessThan(enough.updatesPerMessage);
  });

  it('refuses reads that the whole does not serve', () => {
    expect(ask({ inboxes: 1_000 }).refusedReads).toBeCloseTo(0.5, 2);
    expect(ask({ inboxes: 400 }).refusedReads).toBe(0);
  });
});

describe('the runs of the scenarios', () => {
  const runOf = (id: string, seconds: number) => {
    const found = scenarios().find((one) => one.id === id);
    if (found === undefined) throw new Error(`no scenario ${id}`);
    const window = { from: found.window.from, to: found.window.from + seconds };
    return runTable(tableRun(found.run, window, found.sample, seeded(2)));
  };

  it('for a million users refuse nothing, and inboxes are current within a second', () => {
    const answer = runOf('1m', 60);
    expect([answer.refusedSends, answer.refusedUpdates, answer.refusedReads]).toEqual([0, 0, 0]);
    expect(answer.delayP99).toBeLessThan(0.4);
    expect(answer.tablePartitions).toBe(736);
  });

  it('for a hundred million take one partition in a hundred, with its share of quota and executions', () => {
    const answer = runOf('100m-default', 60);
    expect(answer.tablePartitions).toBe(736);
    expect(answer.concurrency).toBe(10);
    expect(answer.refusedSends).toBeGreaterThan(0.5);
  });
});
