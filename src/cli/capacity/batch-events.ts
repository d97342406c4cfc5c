/**
 * A batch of the fan-out, row by row: its records' conversations once each, a row for each of their people; a row needs units of the
 * table's partition and of the index's, and is refused when either has not so many: back-pressure. What was refused is tried again
 * with the backoff that the table's client has, no more than so many at once. Then either the batch waits for it (`in-place`) or it is
 * set aside, tried apart by one worker, and the batch goes on (`set-aside`).
 */
import { backoffMs, defaultRetryPolicy } from '#table/retry';
import type { Assumed } from './assumed.ts';
import { inboxPosition, rowPosition } from './people.ts';
import type { StreamRecord } from './stream-events.ts';

/** A row to be brought up to date: its person and conversation, and the put of the oldest message that it shows thereby. */
export interface Row {
  readonly user: number;
  readonly conversation: number;
  readonly putAt: number;
  /** Positions in the table and in the index. */
  readonly position: number;
  readonly entry: number;
}

export interface Batch {
  readonly records: readonly StreamRecord[];
  /** Rows that are left to be written. */
  readonly rows: Row[];
  /** Tries since something of it was last served. */
  retries: number;
  /** No sooner is it done, however soon its rows are: its own overhead and its writes. */
  readonly soonest: number;
}

const rowOf = (user: number, conversation: number, putAt: number): Row => ({
  user,
  conversation,
  putAt,
  position: rowPosition(user, conversation),
  entry: inboxPosition(user),
});

/** A batch of these records that begins now. */
export const beginBatch = (
  records: readonly StreamRecord[],
  at: number,
  membersOf: (conversation: number) => readonly number[],
  assumed: Assumed,
): Batch => {
  const rows: Row[] = [];
  const seen = new Set<number>();
  for (const { conversation, putAt } of records) {
    if (seen.has(conversation)) continue;
    seen.add(conversation);
    for (const user of membersOf(conversation)) rows.push(rowOf(user, conversation, putAt));
  }
  const writes = Math.ceil(rows.length / assumed.batchWritesInFlight) * assumed.writeSeconds;
  return { records, rows, retries: 0, soonest: at + assumed.batchOverheadSeconds + writes };
};

export interface Attempt {
  /** Writes one row, or says that it was refused. */
  readonly write: (row: Row) => boolean;
  /** Given, a refused row is set aside. */
  readonly setAside?: (row: Row) => void;
  readonly random: () => number;
  readonly assumed: Assumed;
}

/** Tries what is left; says in how many seconds to try again, or nothing when no row is left. */
export const attemptRows = (batch: Batch, { write, setAside, random, assumed }: Attempt): number | undefined => {
  const { rows } = batch;
  let tried = 0;
  let refused = 0;
  // So many in flight, and each of them waits to be tried again: the others have not been sent.
  for (; tried < rows.length && refused < assumed.batchWritesInFlight; tried += 1) {
    const row = rows[tried];
    if (row === undefined || write(row)) continue;
    if (setAside !== undefined) setAside(row);
    else {
      rows[refused] = row;
      refused += 1;
    }
  }
  batch.retries = refused < tried ? 1 : batch.retries + 1;
  rows.splice(refused, tried - refused);
  if (rows.length === 0) return undefined;
  return assumed.writeSeconds + backoffMs(batch.retries, random, defaultRetryPolicy) / 1_000;
};
