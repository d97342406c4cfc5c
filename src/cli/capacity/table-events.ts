/**
 * A whole table with its index, its stream and the fan-out, event by event: every message, row and read mark is put by itself and meets
 * the partition that its key hashes to (`partitions.ts`), what on demand has grown to, the quota, a shard's poll, a batch and the account's
 * concurrency (`stream-events.ts`, `batch-events.ts`). What is refused comes again: sends from the client's outbox, rows by
 * the batch they are in. A read mark that is refused is made good by the next.
 *
 * Reads are a flow against what the table serves as a whole, a second at a time: of the three thousand units that each
 * partition has for them they ask a few even in a storm, for they spread over people and over all pages kept, so nothing about a
 * single read decides.
 */
import { type Assumed, assumed } from './assumed.ts';
import type { Row } from './batch-events.ts';
import { createEventQueue } from './event-queue.ts';
import { createFanout } from './fanout-events.ts';
import { createFifo } from './fifo.ts';
import { createKeys, type KeysStart, takeBoth } from './keys.ts';
import type { OnDemand } from './on-demand.ts';
import { createPeople, inboxPosition, logPosition, rowPosition } from './people.ts';
import { entryUnits, type Question, units } from './question.ts';
import { answerOf, createTally, type TableAnswer } from './table-tally.ts';
import { outboxRetrySeconds, type Traffic } from './traffic.ts';
import { messageBytesAt } from './workload.ts';

/** What those who look on are told. */
export interface Watch {
  readonly put?: (conversation: number, at: number) => void;
  readonly row?: (row: Row, at: number) => void;
}

export interface TableRun {
  readonly question: Pick<Question, 'users' | 'groupSize' | 'shardParallelism' | 'refusedRows' | 'uncachedShare'>;
  /** Of each second between `from` and `to`, seconds of the same day as the traffic's. */
  readonly traffic: (second: number) => Traffic;
  readonly from: number;
  readonly to: number;
  /** Nobody writes after `to`, but what was written is waited for. */
  readonly drain: boolean;
  readonly table: KeysStart;
  readonly index: KeysStart;
  readonly reads: { readonly onDemand: OnDemand; readonly quota: number };
  readonly concurrency: number;
  readonly random: () => number;
  readonly assumed?: Assumed;
  readonly watch?: Watch;
}

const nobody: Traffic = {
  sends: 0,
  busiestConversation: 0,
  busiestConversationSize: 0,
  busiestInbox: 0,
  pages: 0,
  inboxes: 0,
  readMarks: 0,
};

export const runTable = (run: TableRun): TableAnswer => {
  const { question, random, from, to, watch } = run;
  const people = createPeople(question, run.traffic(from).busiestConversationSize, random);
  const table = createKeys(run.table, from);
  const index = createKeys(run.index, from);
  const queue = createEventQueue();
  const outbox = createFifo();
  const tally = createTally();
  const fanout = createFanout({
    question,
    partitions: run.table.partitions,
    concurrency: run.concurrency,
    table,
    index,
    people,
    queue,
    tally,
    random,
    assumed: run.assumed ?? assumed,
    written: watch?.row,
  });

  const put = (conversation: number, at: number): boolean => {
    const [position, wanted] = [logPosition(conversation), entryUnits(messageBytesAt(random()))];
    const partition = table.open(position, at);
    tally.puts += 1;
    if (partition < 0) {
      tally.putsRefused += 1;
      outbox.push(conversation, at + outboxRetrySeconds);
      return false;
    }
    table.take(partition, position, wanted);
    tally.units += wanted;
    tally.accepted += 1;
    watch?.put?.(conversation, at);
    fanout.stream.put(partition, conversation, at);
    return true;
  };
  const mark = (at: number): void => {
    const conversation = 1 + Math.floor(random() * question.users);
    const user = people.member(conversation, 0);
    const row = { position: rowPosition(user, conversation), entry: inboxPosition(user) };
    if (takeBoth(table, index, row, at, units.markRead)) tally.units += units.markRead.table + units.markRead.index;
  };

  let now = from;
  let second = from;
  let traffic = run.traffic(second);
  /** The rate stands for a second; what it says of the next message is as true at any moment within it as at its beginning. */
  const nextAct = (at: number): number => {
    const rate = traffic.sends + traffic.readMarks;
    return rate > 0 ? at - Math.log(1 - random()) / rate : Number.POSITIVE_INFINITY;
  };
  let act = nextAct(now);
  const doAct = (at: number): void => {
    if (random() * (traffic.sends + traffic.readMarks) >= traffic.sends) mark(at);
    else {
      tally.sent += 1;
      if (!put(people.next(traffic), at)) tally.refusedAtFirst += 1;
    }
  };
  const endSecond = (): void => {
    const asked = traffic.pages * question.uncachedShare * units.page.read + traffic.inboxes * units.inbox.read;
    const served = Math.min(asked, run.reads.quota, run.reads.onDemand.warm(second));
    run.reads.onDemand.served(second, served);
    tally.reads += asked;
    tally.readsRefused += asked - served;
    table.second(second, (partition, low, high) => fanout.stream.cut(partition, low, high, second + 1));
    index.second(second, () => undefined);
    second += 1;
  };

  const done = (): boolean =>
    second >= to && (!run.drain || (outbox.size === 0 && fanout.aside() === 0 && tally.done === tally.accepted));
  while (!done()) {
    const retried = outbox.size > 0 ? outbox.at() : Number.POSITIVE_INFINITY;
    now = Math.min(second + 1, act, queue.next(), retried);
    if (now === act) {
      doAct(now);
      act = nextAct(now);
    } else if (now === retried) {
      const conversation = outbox.what();
      outbox.drop();
      put(conversation, now);
    } else if (now === second + 1) {
      endSecond();
      traffic = second < to ? run.traffic(second) : nobody;
      act = nextAct(now);
    } else fanout.event(queue.pop(), now);
  }
  fanout.end(now);
  return answerOf(tally, {
    outbox: outbox.size,
    aside: fanout.aside(),
    tablePartitions: table.partitions(),
    indexPartitions: index.partitions(),
    concurrency: fanout.stream.concurrencyMost(),
  });
};
