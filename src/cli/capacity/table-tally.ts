/** What is counted while a table runs event by event, and what is said of it in the end. */
import { createDelayCounts, type DelayCounts } from './delay-counts.ts';
import { type Figures, share } from './figures.ts';

export interface Tally {
  /** Messages written by people, and those refused when they were first sent. */
  sent: number;
  refusedAtFirst: number;
  /** Puts, repeated ones included, and what became of them. */
  puts: number;
  putsRefused: number;
  accepted: number;
  /** Messages whose rows are all written, or set aside. */
  done: number;
  /** Writes of rows, repeated ones included; those refused; those that stand. */
  updates: number;
  updatesRefused: number;
  rows: number;
  /** Write units of everything that was served, of table and index. */
  units: number;
  reads: number;
  readsRefused: number;
  /** From the put to the end of the batch that wrote the rows; of the busiest inbox, to its own row. */
  readonly delays: DelayCounts;
  readonly busiest: DelayCounts;
}

export const createTally = (): Tally => ({
  sent: 0,
  refusedAtFirst: 0,
  puts: 0,
  putsRefused: 0,
  accepted: 0,
  done: 0,
  updates: 0,
  updatesRefused: 0,
  rows: 0,
  units: 0,
  reads: 0,
  readsRefused: 0,
  delays: createDelayCounts(),
  busiest: createDelayCounts(),
});

/** What remains when the run ends. */
export interface Remainder {
  readonly outbox: number;
  readonly aside: number;
  readonly tablePartitions: number;
  readonly indexPartitions: number;
  readonly concurrency: number;
}

export interface TableAnswer extends Remainder, Figures {
  readonly sent: number;
  readonly accepted: number;
  /** Accepted, and not all of their rows written when the run ended; delays then are lower bounds. */
  readonly behind: number;
  /** Of messages, when first sent; a share, 0–1. */
  readonly refusedAtFirst: number;
  /** Rows written per message whose rows are, and write units of everything per message accepted. */
  readonly updatesPerMessage: number;
  readonly unitsPerMessage: number;
}

export const answerOf = (tally: Tally, remainder: Remainder): TableAnswer => ({
  ...remainder,
  sent: tally.sent,
  accepted: tally.accepted,
  behind: tally.accepted - tally.done,
  refusedAtFirst: share(tally.refusedAtFirst, tally.sent),
  refusedSends: share(tally.putsRefused, tally.puts),
  refusedUpdates: share(tally.updatesRefused, tally.updates),
  refusedReads: share(tally.readsRefused, tally.reads),
  delayP50: tally.delays.at(0.5),
  delayP99: tally.delays.at(0.99),
  busiestInboxP99: tally.busiest.at(0.99),
  updatesPerMessage: share(tally.rows, tally.done),
  unitsPerMessage: share(tally.units, tally.accepted),
});
