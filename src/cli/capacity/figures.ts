/** What is said of a run, whether it was counted in flows (`simulate.ts`) or event by event (`table-events.ts`). */

export interface Figures {
  readonly tablePartitions: number;
  readonly indexPartitions: number;
  /** Of tries to send, to write a row, and to read, repeated ones included. Shares, 0–1. */
  readonly refusedSends: number;
  readonly refusedUpdates: number;
  readonly refusedReads: number;
  /** Seconds from a message's put to its rows, of all but those to the busiest inbox. */
  readonly delayP50: number;
  readonly delayP99: number;
  /** Of those, to the row of the inbox itself. */
  readonly busiestInboxP99: number;
}

/** A part of a whole, 0–1; of nothing, 0. */
export const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
