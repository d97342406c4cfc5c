/**
 * The small ordered key-value interface that the embedded table stands on: a few sub-stores of byte keys and byte values,
 * ordered by the bytes of the key. LMDB implements it for data that lasts, plain memory for tests and simulation.
 */

export const storeNames = ['items', 'index', 'feed', 'expiry', 'meta'] as const;
export type StoreName = (typeof storeNames)[number];

/** Keys from `from` (included) up to `to` (not included), upwards, or downwards when `reverse`. */
export interface KvRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly reverse: boolean;
}

/** Values read are the reader's to keep: no later write changes their bytes. Values are not to be changed in place. */
export interface KvReader {
  get(store: StoreName, key: Uint8Array): Uint8Array | undefined;
  /** The values of a range in order, read lazily; the walk is valid only within the step that asked for it. */
  range(store: StoreName, range: KvRange): Iterable<Uint8Array>;
}

export interface KvWriter extends KvReader {
  put(store: StoreName, key: Uint8Array, value: Uint8Array): void;
  delete(store: StoreName, key: Uint8Array): void;
}

export interface Kv {
  /** Runs `step` on a view that holds every write committed before, by this process or another. */
  read<T>(step: (reader: KvReader) => T): T;
  /**
   * Runs `step` with the one write lock and commits all it wrote, or, when it throws, nothing. Resolves when the commit
   * is durable. Only one at a time: the caller waits for the one before.
   */
  transact<T>(step: (writer: KvWriter) => T): Promise<T>;
  /** Calls back when the requests that are ready to run have run, so that one commit can serve them all. */
  soon(callback: () => void): void;
  close(): Promise<void>;
}
