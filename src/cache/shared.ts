/**
 * The second level of a cache, which nodes share. It is asked after a node's own level and before the table, and it keeps the
 * race between a slow load and an invalidation out of itself: a value is written only where the stamp of the miss still stands.
 */

export type SharedRead =
  | {
      readonly state: 'hit';
      readonly value: unknown;
      /** Milliseconds left to the value; a node keeps it no longer. */
      readonly leftMs: number;
    }
  | {
      readonly state: 'miss';
      /** What stood there instead: nothing, or the mark of an invalidation. */
      readonly stamp: string;
      /** True where an invalidation left its mark. */
      readonly changed: boolean;
    }
  /** It did not answer in time, or is known not to. */
  | { readonly state: 'away' };

export interface SharedLevel {
  /** One answer for each key, in their order; never rejects, and never takes longer than its deadline. */
  read(keys: readonly string[]): Promise<readonly SharedRead[]>;
  /** Keeps the value for so many milliseconds, if the stamp still stands. Returns at once. */
  write(key: string, stamp: string, value: unknown, ttlMs: number): void;
  /** Puts marks in the keys' places and tells the other nodes. Returns at once. */
  invalidate(keys: readonly string[]): void;
  /** Calls back with what other nodes invalidated; `all` when word may have been missed. */
  onInvalidated(listener: (keys: readonly string[] | 'all') => void): () => void;
}
