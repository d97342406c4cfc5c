/**
 * The small ordered key-value interface that the embedded table stands on: a few sub-stores of byte keys and byte values,
 * ordered by the bytes of the key. LMDB implements it for data that lasts, plain memory for tests and simulation.
 */

export const storeNames = ['items', 'index', 'feed', 'expiry', 'meta'] as const;
export type StoreName = (typeof storeNames)[number];

/**
 * A byte key, as a string of one character a byte: JavaScript orders such strings as the bytes are ordered, hashes and compares
 * them natively, and makes them of ASCII without a copy.
 */
export type KvKey = string;

/** Keys from `from` (included) up to `to` (not included), upwards, or downwards when `reverse`. */
export interface KvRange {
  readonly from: KvKey;
  readonly to: KvKey;
  readonly reverse: boolean;
}

/** Values read are the reader's to keep: no later write changes their bytes. Values are not to be changed in place. */
export interface KvReader {
  get(store: StoreName, key: KvKey): Uint8Array | undefined;
  /** The values of a range in order, read lazily; the walk is valid only within the step that asked for it. */
  range(store: StoreName, range: KvRange): Iterable<Uint8Array>;
}

export interface KvWriter extends KvReader {
  /** The value, given whole or in parts that follow each other; the parts are not changed afterwards. */
  put(store: StoreName, key: KvKey, ...parts: readonly Uint8Array[]): void;
  delete(store: StoreName, key: KvKey): void;
}

/** Owners that may come and go while one step waits for its turn with the table. */
export const HAND_OVERS_MAX = 20;

export interface Kv {
  readonly transactionsAtOnce: number;
  /**
   * While nobody else can write: a number for this time, another one after any time when somebody could. Undefined while
   * others may write.
   */
  readonly aloneSince: number | undefined;
  /**
   * While set, what is read and written may change hands; whoever is about to do either waits for it first, and a read that
   * fails while it is set is read again afterwards. A transaction sees to that itself.
   */
  readonly unsettled?: Promise<void> | undefined;
  /** Runs `step` on a view that holds every write committed before, by this process or another. */
  read<T>(step: (reader: KvReader) => T): T;
  /**
   * Runs `step` with the one write lock and commits all it wrote, or, when it throws, nothing. Resolves when the commit
   * is durable, after those before it. A step that comes while an earlier one is on its way to the disk sees what that one
   * wrote, and fails with it. At most `transactionsAtOnce` are under way.
   */
  transact<T>(step: (writer: KvWriter) => T): Promise<T>;
  /** Calls back when the requests that are ready to run have run, so that one commit can serve them all. */
  soon(callback: () => void): void;
  close(): Promise<void>;
}
