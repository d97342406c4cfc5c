/** The fan-out of a whole table, event by event: batches of the stream's lanes, and the one worker of the rows that were set aside. */
import type { Assumed } from './assumed.ts';
import { attemptRows, type Batch, beginBatch, type Row } from './batch-events.ts';
import type { EventQueue } from './event-queue.ts';
import { type Keys, takeBoth } from './keys.ts';
import { busiestUser, type People } from './people.ts';
import { type Question, units } from './question.ts';
import { createStream, pollOf, type Stream, type StreamRecord } from './stream-events.ts';
import type { Tally } from './table-tally.ts';

export interface FanoutStart {
  readonly question: Pick<Question, 'shardParallelism' | 'refusedRows'>;
  readonly partitions: number;
  readonly concurrency: number;
  readonly table: Keys;
  readonly index: Keys;
  readonly people: People;
  readonly queue: EventQueue;
  readonly tally: Tally;
  readonly random: () => number;
  readonly assumed: Assumed;
  readonly written: ((row: Row, at: number) => void) | undefined;
}

export interface FanoutEvents {
  readonly stream: Stream;
  /** Does what came out of the queue of events. */
  readonly event: (what: number, at: number) => void;
  /** Rows that are set aside now. */
  readonly aside: () => number;
  /** At the end of a run: counts what still waits as late as it is by then. */
  readonly end: (at: number) => void;
}

/** What in the queue is the work of the set-aside rows' worker; a batch is the odd number above its lane's poll. */
const asideWork = -1;

export const createFanout = (start: FanoutStart): FanoutEvents => {
  const { question, table, index, people, queue, tally, random, assumed } = start;
  const batches = new Map<number, Batch>();
  let aside: Row[] = [];
  let asideTaken = 0;
  let asideRetries = 0;

  const membersOf = (conversation: number): number[] =>
    Array.from({ length: people.size(conversation) }, (_, place) => people.member(conversation, place));

  /** @param after seconds from the try to its answer. */
  const writeRow = (row: Row, at: number, after: number): boolean => {
    tally.updates += 1;
    if (!takeBoth(table, index, row, at, units.updateRow)) {
      tally.updatesRefused += 1;
      return false;
    }
    tally.rows += 1;
    tally.units += units.updateRow.table + units.updateRow.index;
    if (row.user === busiestUser) tally.busiest.add(at + after - row.putAt);
    start.written?.(row, at);
    return true;
  };

  const tryBatch = (lane: number, batch: Batch, at: number, overhead: number): void => {
    const setAside = (row: Row): void => {
      if (aside.length === asideTaken) queue.push(at + assumed.writeSeconds, asideWork);
      aside.push(row);
    };
    const write = (row: Row): boolean => writeRow(row, at, overhead + assumed.writeSeconds);
    const attempt = { write, random, assumed };
    const wait = attemptRows(batch, question.refusedRows === 'set-aside' ? { ...attempt, setAside } : attempt);
    const next = at + overhead + (wait ?? assumed.writeSeconds);
    queue.push(wait === undefined ? Math.max(next, batch.soonest) : next, pollOf(lane) + 1);
  };
  const stream = createStream({
    partitions: start.partitions,
    parallelism: question.shardParallelism,
    concurrency: start.concurrency,
    random,
    queue,
    begin: (lane, records, at) => {
      const batch = beginBatch(records, at, membersOf, assumed);
      batches.set(lane, batch);
      tryBatch(lane, batch, at, assumed.batchOverheadSeconds);
    },
  });
  const batchEvent = (lane: number, at: number): void => {
    const batch = batches.get(lane);
    if (batch === undefined) return;
    if (batch.rows.length > 0) {
      tryBatch(lane, batch, at, 0);
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
    const write = (row: Row): boolean => writeRow(row, at, assumed.writeSeconds);
    const wait = attemptRows(batch, { write, random, assumed });
    asideRetries = wait === undefined ? 0 : batch.retries;
    // Those refused go to the end: one inbox does not hold up another's.
    aside.push(...batch.rows);
    if (aside.length > asideTaken) queue.push(at + (wait ?? assumed.writeSeconds), asideWork);
  };

  return {
    stream,
    event: (what, at) => {
      if (what === asideWork) asideEvent(at);
      else if (what % 2 === 0) stream.polled(what / 2, at);
      else batchEvent((what - 1) / 2, at);
    },
    aside: () => aside.length - asideTaken,
    end: (at) => {
      const late = ({ conversation, putAt }: StreamRecord): void => {
        (people.toBusiestInbox(conversation) ? tally.busiest : tally.delays).add(at - putAt);
      };
      stream.drop(late);
      for (const { records } of batches.values()) for (const record of records) late(record);
      for (const { user, putAt } of aside.slice(asideTaken)) if (user === busiestUser) tally.busiest.add(at - putAt);
    },
  };
};
