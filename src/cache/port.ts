/**
 * What the messenger asks of a cache: reads through it, and word of what has changed.
 *
 * Values are stored items (ciphertext, SEC-5), JSON-compatible but for sets of strings, frozen: a caller never changes what it
 * was given. Whoever asks has been authorized already. A cache never fails a request: dead or slow, it behaves as if it were
 * empty.
 */

export interface CachePolicy {
  /** Milliseconds a value may be served for, from when its loading began; jittered by the cache, never exceeded. */
  readonly ttlMs: number;
  /** How long past its expiry a value may still be served when loading it anew fails. 0: never. */
  readonly staleOnErrorMs: number;
  /** Milliseconds that the answer `undefined` may be served for; at most 1,000 count. */
  readonly negativeTtlMs: number;
}

export interface CacheRead<T> {
  readonly value: T | undefined;
  /** True when no load was made for this call. */
  readonly cached: boolean;
}

export interface Cache {
  /** The value under the key when it is at hand and may be served; never a load, never the answer that there is none. */
  peek<T>(key: string): T | undefined;
  /**
   * The value under the key, or what `load` gives; loads of one key at once are one load (single flight). `fresh` says that the
   * key was invalidated a short while ago: the load must not be answered by anything that may lag behind the write.
   */
  read<T>(key: string, policy: CachePolicy, load: (fresh: boolean) => Promise<T | undefined>): Promise<CacheRead<T>>;
  /** The same for several keys, of which the missing ones are loaded at once; what is not in the answer is absent. */
  readMany<T>(
    keys: readonly string[],
    policy: CachePolicy,
    load: (missing: readonly string[], fresh: boolean) => Promise<ReadonlyMap<string, T>>,
  ): Promise<ReadonlyMap<string, CacheRead<T>>>;
  /** Drops the keys here at once and elsewhere soon; a load under way when this is called is kept nowhere. */
  invalidate(keys: readonly string[]): void;
  /** Drops the keys here alone: somebody else invalidated them. */
  forget(keys: readonly string[]): void;
}
