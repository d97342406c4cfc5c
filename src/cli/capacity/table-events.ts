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
import { type Assumed, assumed as assumptions } from './assumed.ts';
import { attemptRows, type Batch, beginBatch, type Row } from './batch-events.ts';
import { createEventQueue } from './event-queue.ts';
import { createFifo } from './fifo.ts';
import { createKeys, type KeysStart } from './keys.ts';
import type { OnDemand } from './on-demand.ts';
import { busiestUser, createPeople, inboxPosition, logPosition, rowPosition } from './people.ts';
import { entryUnits, type Question, units } from './question.ts';
import { createStream, pollOf, type StreamRecord } from './stream-events.ts';
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

/** What in the queue is the work of the set-aside rows' worker; a batch is the odd number above its lane's poll. */
const asideWork = -1;

export const runTable = (run: TableRun): TableAnswer => {
  const { question, random, from, to, watch } = run;
  const assumed = run.assumed ?? assumptions;
  const people = createPeople(question, run.traffic(from).busiestConversationSize, random);
  const table = createKeys(run.table, from);
  const index = createKeys(run.index, from);
  const queue = createEventQueue();
  const outbox = createFifo();
  let aside: Row[] = [];
  let asideTaken = 0;
  let asideRetries = 0;
  const batches = new Map<number, Batch>();
  const tally = createTally();

  const membersOf = (conversation: number): number[] =>
    Array.from({ length: people.size(conversation) }, (_, place) => people.member(conversation, place));

  /** Takes a row's units of both, or says that one has not so many. */
  const takeRow = (at: number, position: number, entry: number, wanted: { table: number; index: number }): boolean => {
    const entryPartition = index.open(entry, at);
    const partition = entryPartition < 0 ? -1 : table.open(position, at);
    if (partition < 0) return false;
    table.take(partition, position, wanted.table);
    index.take(entryPartition, entry, wanted.index);
    tally.units += wanted.table + wanted.index;
    return true;
  };
  const writeRow =
    (at: number) =>
    (row: Row): boolean => {
      tally.updates += 1;
      if (!takeRow(at, row.position, row.entry, units.updateRow)) {
        tally.updatesRefused += 1;
        return false;
      }
      tally.rows += 1;
      watch?.row?.(row, at);
      if (row.user === busiestUser) tally.busiest.add(at + assumed.writeSeconds - row.putAt);
      return true;
    };
  const setAside =
    (at: number) =>
    (row: Row): void => {
      if (aside.length === asideTaken) queue.push(at + assumed.writeSeconds, asideWork);
      aside.push(row);
    };

  const tryBatch = (lane: number, at: number): void => {
    const batch = batches.get(lane);
    if (batch === undefined) return;
    const attempt = { write: writeRow(at), random, assumed };
    const wait = attemptRows(
      batch,
      question.refusedRows === 'set-aside' ? { ...attempt, setAside: setAside(at) } : attempt,
    );
    const next = at + (wait ?? assumed.writeSeconds);
    queue.push(wait === undefined ? Math.max(next, batch.soonest) : next, pollOf(lane) + 1);
  };
  const stream = createStream({
    partitions: run.table.partitions,
    parallelism: question.shardParallelism,
    concurrency: run.concurrency,
    random,
    queue,
    begin: (lane, records, at) => {
      batches.set(lane, beginBatch(records, at, membersOf, assumed));
      tryBatch(lane, at);
    },
  });
  const batchEvent = (lane: number, at: number): void => {
    const batch = batches.get(lane);
    if (batch === undefined) return;
    if (batch.rows.length > 0) {
      tryBatch(lane, at);
      return;
    }
    batches.delete(lane);
    for (const { conversation, putAt } of batch.records) {
      tally.done += 1;
      if (!people.toBusiestInbox(conversation)) tally.delays.add(at - putAt);
    }
    stream.ended(lane, batch.records.length, at);
  };
  const asideEvent = (at: number): void => {
    const rows = aside.slice(asideTaken, asideTaken + assumed.batchWritesInFlight);
    asideTaken += rows.length;
    // Those taken are dropped now and then, not one by one: the line may be long.
    if (2 * asideTaken > aside.length) {
      aside = aside.slice(asideTaken);
      asideTaken = 0;
    }
    const batch: Batch = { records: [], rows, retries: asideRetries, soonest: at };
    const wait = attemptRows(batch, { write: writeRow(at), random, assumed });
    asideRetries = wait === undefined ? 0 : batch.retries;
    // Those refused go to the end: one inbox does not hold up another's.
    aside.push(...batch.rows);
    if (aside.length > asideTaken) queue.push(at + (wait ?? assumed.writeSeconds), asideWork);
  };

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
    stream.put(partition, conversation, at);
    return true;
  };
  const mark = (at: number): void => {
    const conversation = 1 + Math.floor(random() * question.users);
    const user = people.member(conversation, 0);
    const served = takeRow(at, rowPosition(user, conversation), inboxPosition(user), units.markRead);
    tally.marksRefused += served ? 0 : 1;
  };

  let now = from;
  let second = from;
  let traffic = run.traffic(second);
  /** The rate stands for a second; what it says of the next message is as true at any moment within it as at its beginning. */
  const nextAct = (at: number): number => at - Math.log(1 - random()) / (traffic.sends + traffic.readMarks);
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
    table.second(second, (partition, low, high) => stream.cut(partition, low, high, second + 1));
    index.second(second, () => undefined);
    second += 1;
  };

  const done = (): boolean =>
    second >= to && (!run.drain || (outbox.size === 0 && aside.length === asideTaken && tally.done === tally.accepted));
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
      act = second < to ? nextAct(now) : Number.POSITIVE_INFINITY;
    } else {
      const what = queue.pop();
      if (what === asideWork) asideEvent(now);
      else if (what % 2 === 0) stream.polled(what / 2, now);
      else batchEvent((what - 1) / 2, now);
    }
  }
  const late = ({ conversation, putAt }: StreamRecord): void => {
    (people.toBusiestInbox(conversation) ? tally.busiest : tally.delays).add(now - putAt);
  };
  stream.waiting(late);
  for (const { records } of batches.values()) for (const record of records) late(record);
  for (const { user, putAt } of aside.slice(asideTaken)) if (user === busiestUser) tally.busiest.add(now - putAt);
  return answerOf(tally, {
    outbox: outbox.size,
    aside: aside.length - asideTaken,
    tablePartitions: table.partitions(),
    indexPartitions: index.partitions(),
    concurrency: stream.concurrencyMost(),
  });
};
