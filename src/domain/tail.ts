/**
 * What a node knows of the end of one conversation's log, and what it decides from it (LOG-2, LOG-3, LOG-5, LOG-6).
 *
 * Invariants: (1) the node has read every entry up to `head`, consistently, whose time is `knownFrom` or later, and `recent`
 * holds their uuids; (2) `lastAt` is the time of entry `head`; (3) `membersSeq` is the newest system entry at or below `head`
 * (every entry names it, so the last one tells).
 */
import { clockSkewMsMax } from './limits.ts';
import { RecentUuids } from './recent-uuids.ts';

export interface Tail {
  head: number;
  lastAt: number;
  knownFrom: number;
  membersSeq: number;
  readonly recent: RecentUuids;
}

/** What the tail takes from an entry. `at` in milliseconds since the epoch. */
export interface TailEntry {
  readonly seq: number;
  readonly uuid: string;
  readonly at: number;
  readonly membersSeq: number;
}

/** How long uuids are remembered: fresh sends need the clock skew twice over (theirs and another node's), and some room. */
const rememberMs = 2 * clockSkewMsMax + 60_000;
/** Uuids remembered of one conversation: 400 messages a second for eleven minutes, about 6 MB. Past it, sends read back. */
const rememberMax = 262_144;

/** A tail from what was read, oldest first, and the time from which on that is everything. */
export const tailFrom = (
  read: readonly TailEntry[],
  knownFrom: number,
  seed: number,
  bottom: TailEntry,
  now: number,
): Tail => {
  const tail = {
    head: bottom.seq,
    lastAt: bottom.at,
    knownFrom,
    membersSeq: bottom.membersSeq,
    recent: new RecentUuids(seed),
  };
  for (const entry of read) grow(tail, entry, now);
  return tail;
};

/**
 * Takes in the next entry; entries already known are passed over. Throws on a gap: the log has none (LOG-2).
 * What is too old to matter by the node's clock is forgotten.
 */
export const grow = (tail: Tail, entry: TailEntry, now: number): void => {
  if (entry.seq <= tail.head) return;
  if (entry.seq !== tail.head + 1) throw new Error(`the log has a gap: ${entry.seq} after ${tail.head}`);
  tail.head = entry.seq;
  tail.lastAt = entry.at;
  tail.membersSeq = Math.max(tail.membersSeq, entry.membersSeq);
  tail.recent.add(entry.uuid, entry.seq, entry.at);
  const forgotten = tail.recent.forget(now - rememberMs, rememberMax);
  if (forgotten !== undefined) tail.knownFrom = Math.max(tail.knownFrom, forgotten.lastAt + 1);
};

/** From where on an entry with a uuid of this time could stand in the log (LOG-5). */
export const windowStart = (uuidTime: number): number => uuidTime - clockSkewMsMax;

/** The time of the next entry: the node's clock, or just past the last entry's where that is ahead (LOG-6). */
export const nextTime = (tail: Tail, now: number): number => Math.max(now, tail.lastAt + 1);
