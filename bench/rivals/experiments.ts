/**
 * What a design costs and what it does under faults, each a small experiment with a count, the same for every design. People
 * and conversations are made anew for each trial, so that nothing of one shows in another.
 */
import { seededUuid } from '../harness/random.ts';
import { percentile, sorted } from '../harness/stats.ts';
import type { Person } from '../harness/world.ts';
import type { Design, DesignNode } from './design.ts';
import { Crash, type Meter, since } from './metered.ts';

export interface CostRow {
  readonly what: string;
  readonly write: number;
  readonly read: number;
  readonly requests: number;
}

export interface FaultRow {
  readonly what: string;
  readonly trials: number;
  /** How many trials ended wrong. */
  readonly wrong: number;
}

export interface Delay {
  /** Milliseconds from an acknowledged send to an inbox that shows it, the consumer asking without pause. */
  readonly p50: number;
  readonly p99: number;
}

const person = (random: () => number): Person => {
  const uuid = seededUuid(random);
  return { uuid, handle: `h_${uuid.slice(0, 8)}`, display_name: `Person ${uuid.slice(0, 4)}` };
};

/** Strictly increasing, so that costs are measured without collisions of times. */
const steadyClock = (): (() => number) => {
  let last = 0;
  return () => {
    last = Math.max(last + 0.01, Date.now());
    return last;
  };
};

/** Runs the consumer until the stream has nothing more. */
export const drain = async (design: Design): Promise<void> => {
  while ((await design.fanOut()) > 0);
};

const total = (design: Design, node: DesignNode): Meter => ({
  read: design.fanOutMeter.read + node.meter.read,
  write: design.fanOutMeter.write + node.meter.write,
  requests: design.fanOutMeter.requests + node.meter.requests,
});

/** Of texts as long as real ones (about 100 bytes), so that every item is below 1 KB. */
const text = (n: number): string => `message ${n} `.padEnd(100, 'x');

const messagesForCost = 20;

/** Units and requests per message alone, per message in a burst of ten, per page of 20 and per inbox of 20. */
export const measureCosts = async (design: Design, random: () => number): Promise<readonly CostRow[]> => {
  const node = design.node(steadyClock());
  const me = person(random);
  const rows: CostRow[] = [];
  const measured = async (what: string, per: number, act: () => Promise<void>): Promise<void> => {
    await drain(design);
    const before = total(design, node);
    await act();
    const spent = since(total(design, node), before);
    rows.push({ what, write: spent.write / per, read: spent.read / per, requests: spent.requests / per });
  };
  const conversations: string[] = [];
  for (let n = 0; n < messagesForCost; n += 1) conversations.push(await node.open(me, person(random)));
  for (const conversation of conversations) await node.send(me, conversation, text(0));
  await measured('message alone', messagesForCost, async () => {
    for (const conversation of conversations) {
      await node.send(me, conversation, text(1));
      await drain(design);
    }
  });
  const [busy] = conversations;
  if (busy === undefined) throw new Error('no conversation');
  await measured('message in a burst of 10', 10, async () => {
    for (let n = 0; n < 10; n += 1) await node.send(me, busy, text(n));
    await drain(design);
  });
  for (let n = 0; n < 20; n += 1) await node.send(me, busy, text(n));
  await measured('page of 20', 1, async () => {
    await node.page(me, busy);
  });
  await measured('inbox of 20', 1, async () => {
    await node.inbox(me);
  });
  return rows;
};

/** How soon the other's inbox shows a message. */
export const measureDelay = async (design: Design, random: () => number, messages = 100): Promise<Delay> => {
  const node = design.node(steadyClock());
  const [me, other] = [person(random), person(random)];
  const conversation = await node.open(me, other);
  const delays: number[] = [];
  for (let n = 0; n < messages; n += 1) {
    await node.send(me, conversation, `delay ${n}`);
    const acknowledged = performance.now();
    while ((await node.inbox(other))[0]?.last !== `delay ${n}`) await design.fanOut();
    delays.push(performance.now() - acknowledged);
  }
  const ascending = sorted(delays);
  return { p50: percentile(ascending, 0.5), p99: percentile(ascending, 0.99) };
};

interface Trial {
  readonly node: DesignNode;
  readonly me: Person;
  readonly other: Person;
  readonly conversation: string;
  readonly n: number;
}

const repeat = async (
  what: string,
  trials: number,
  design: Design,
  random: () => number,
  isWrong: (trial: Trial) => Promise<boolean>,
): Promise<FaultRow> => {
  let wrong = 0;
  for (let n = 0; n < trials; n += 1) {
    const node = design.node(steadyClock());
    const [me, other] = [person(random), person(random)];
    const conversation = await node.open(me, other);
    await node.send(me, conversation, 'first');
    await drain(design);
    if (await isWrong({ node, me, other, conversation, n })) wrong += 1;
  }
  return { what, trials, wrong };
};

/** True unless both inboxes have exactly one row for the conversation, and it shows this text. */
const inboxesWrong = async ({ node, me, other, conversation }: Trial, last: string): Promise<boolean> => {
  for (const reader of [me, other]) {
    const lines = (await node.inbox(reader)).filter((line) => line.conversation === conversation);
    if (lines.length !== 1 || lines[0]?.last !== last) return true;
  }
  return false;
};

/** A consumer has at most this many writes to be cut short between, for one message to two people. */
const crashPoints = 4;

/** The five faults. Each trial is one message, one pair or one read. */
export const measureFaults = async (
  design: Design,
  random: () => number,
  trials = 40,
): Promise<readonly FaultRow[]> => [
  await repeat(
    'inbox rows lost or stale after the consumer crashed between writes',
    trials,
    design,
    random,
    async (trial) => {
      await trial.node.send(trial.me, trial.conversation, 'second');
      try {
        await design.fanOut({ crashAfterWrites: trial.n % crashPoints });
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      await drain(design);
      return inboxesWrong(trial, 'second');
    },
  ),
  await repeat('messages lost when two nodes send at the same clock reading', trials, design, random, async (trial) => {
    const at = Date.now() + 1_000;
    const [one, two] = [design.node(() => at), design.node(() => at)];
    await Promise.all([
      one.send(trial.me, trial.conversation, 'from one'),
      two.send(trial.other, trial.conversation, 'from two'),
    ]);
    const page = (await trial.node.page(trial.me, trial.conversation)) ?? [];
    await drain(design);
    return !(page.includes('from one') && page.includes('from two'));
  }),
  await repeat('inbox rows gone back when records came in another order', trials, design, random, async (trial) => {
    await trial.node.send(trial.me, trial.conversation, 'second');
    await trial.node.send(trial.me, trial.conversation, 'third');
    await design.fanOut({ reversed: true });
    await drain(design);
    return inboxesWrong(trial, 'third');
  }),
  await repeat('pairs with two conversations after both started at once', trials, design, random, async () => {
    const [a, b] = [person(random), person(random)];
    const nodes = [design.node(steadyClock()), design.node(steadyClock())] as const;
    const [one, two] = await Promise.all([nodes[0].open(a, b), nodes[1].open(b, a)]);
    return one !== two;
  }),
  await repeat('pages shown to somebody who takes no part', trials, design, random, async (trial) => {
    const page = await trial.node.page(person(random), trial.conversation);
    return page !== undefined && page.length > 0;
  }),
];
