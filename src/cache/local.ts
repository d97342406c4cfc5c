/**
 * The cache of one process, and in front of a level that nodes share: least recently used out first, bounded by bytes.
 *
 * 1. A value is served until its expiry, counted from when its load began, whichever level it came from: jittered, never later.
 *    So what nobody said a word about is right again by then, also when the word was lost.
 * 2. Loads of a key at once are one load. An invalidation takes the load under way off the list: what it read may be old, and
 *    is kept in neither level. In the shared level the stamp sees to the same between nodes.
 * 3. A failed load is answered with what expired, for as long as the policy says.
 */

import { LRUCache } from 'lru-cache';
import type { Cache, CachePolicy, CacheRead } from './port.ts';
import type { SharedLevel, SharedRead } from './shared.ts';
import { frozenSize } from './size.ts';

/** About 3,000 closed pages of 50 messages, beside small items. */
const bytesMaxDefault = 64 * 1024 * 1024;
/** What an entry costs besides its value. */
const overheadBytes = 200;
const negativeMsMax = 1_000;
/** How long after an invalidation loads are to be fresh: replicas lag for less, and DAX is to forget within it. */
export const changedMs = 300_000;

interface Kept {
  readonly value: unknown;
  readonly expires: number;
  readonly staleUntil: number;
  /** An invalidation was heard of a short while ago, until then. */
  readonly changedUntil: number;
  readonly bytes: number;
  /** When a peek counted it as used last. */
  seen: number;
}

/** What is peeked at is counted as used this often: enough for it not to be the first to go, and less than each time. */
const seenMs = 1_000;

/** The loads of one call, and what they brought by key; a key is taken off the list by an invalidation. */
type Flight = Promise<ReadonlyMap<string, CacheRead<unknown>>>;

const away: SharedRead = { state: 'away' };

/** @param now milliseconds. @param random 0 to 1, for the jitter of expiry. */
export const createLocalCache = (
  now: () => number,
  random: () => number,
  options: { readonly bytesMax?: number; readonly shared?: SharedLevel } = {},
): Cache => {
  const { shared } = options;
  // Bounded by size alone: with a bound by number, room for all of them would be set aside at once.
  const kept = new LRUCache<string, Kept>({
    maxSize: options.bytesMax ?? bytesMaxDefault,
    sizeCalculation: ({ bytes }) => bytes + overheadBytes,
  });
  const flights = new Map<string, Flight>();

  const jitter = (ms: number): number => ms * (0.8 + 0.2 * random());

  const keep = (key: string, value: unknown, bytes: number, expires: number, policy: CachePolicy): void => {
    const staleUntil = expires + (value === undefined ? 0 : policy.staleOnErrorMs);
    const changedUntil = kept.peek(key)?.changedUntil ?? 0;
    kept.set(key, { value, expires, staleUntil, changedUntil, bytes, seen: now() });
  };

  /** In a value's place: until when its loads are to be fresh. */
  const markChanged = (key: string, changedUntil: number): void => {
    kept.set(key, { value: undefined, expires: 0, staleUntil: 0, changedUntil, bytes: 0, seen: 0 });
  };

  const forget = (keys: readonly string[]): void => {
    const changedUntil = now() + changedMs;
    for (const key of keys) {
      markChanged(key, changedUntil);
      flights.delete(key);
    }
  };

  /** Drops every value, and nothing of what is known to have changed: the marks of it in the shared level may be gone. */
  const forgetAll = (): void => {
    const marked = [...kept.entries()].reverse().filter(([, { changedUntil }]) => now() < changedUntil);
    kept.clear();
    flights.clear();
    for (const [key, { changedUntil }] of marked) markChanged(key, changedUntil);
  };

  shared?.onInvalidated((keys) => (keys === 'all' ? forgetAll() : forget(keys)));

  type Load = (missing: readonly string[], fresh: boolean) => Promise<ReadonlyMap<string, unknown>>;

  /** What has expired, but may still be served because loading failed; undefined unless there is such a value for every key. */
  const staleFor = (keys: readonly string[]): Map<string, CacheRead<unknown>> | undefined => {
    const found = new Map<string, CacheRead<unknown>>();
    for (const key of keys) {
      const known = kept.peek(key);
      if (known?.value === undefined || now() >= known.staleUntil) return undefined;
      found.set(key, { value: known.value, cached: true });
    }
    return found;
  };

  const fetch = async (
    keys: readonly string[],
    policy: CachePolicy,
    load: Load,
    isCurrent: (key: string) => boolean,
  ) => {
    const began = now();
    const marked = keys.some((key) => now() < (kept.peek(key)?.changedUntil ?? 0));
    const answers = shared === undefined ? [] : await shared.read(keys);
    const found = new Map<string, CacheRead<unknown>>();
    const missing: { readonly key: string; readonly answer: SharedRead }[] = [];
    for (const [index, key] of keys.entries()) {
      const answer = answers[index] ?? away;
      if (answer.state !== 'hit') missing.push({ key, answer });
      else {
        const bytes = frozenSize(answer.value);
        const left = Math.min(answer.leftMs, policy.ttlMs);
        if (isCurrent(key)) keep(key, answer.value, bytes, began + jitter(left), policy);
        found.set(key, { value: answer.value, cached: true });
      }
    }
    if (missing.length === 0) return found;

    const fresh = marked || missing.some(({ answer }) => answer.state === 'miss' && answer.changed);
    const wanted = missing.map(({ key }) => key);
    let loaded: ReadonlyMap<string, unknown>;
    try {
      loaded = await load(wanted, fresh);
    } catch (error) {
      const stale = staleFor(wanted);
      if (stale === undefined) throw error;
      return new Map([...found, ...stale]);
    }
    for (const { key, answer } of missing) {
      const value = loaded.get(key);
      const bytes = frozenSize(value);
      found.set(key, { value, cached: false });
      if (!isCurrent(key)) continue;
      const ttlMs = jitter(value === undefined ? Math.min(policy.negativeTtlMs, negativeMsMax) : policy.ttlMs);
      keep(key, value, bytes, began + ttlMs, policy);
      const leftMs = began + ttlMs - now();
      if (value !== undefined && answer.state === 'miss' && leftMs > 0) {
        shared?.write(key, answer.stamp, value, leftMs);
      }
    }
    return found;
  };

  const take = (keys: readonly string[], policy: CachePolicy, load: Load): Flight => {
    const flight: Flight = fetch(keys, policy, load, (key) => flights.get(key) === flight).finally(() => {
      for (const key of keys) if (flights.get(key) === flight) flights.delete(key);
    });
    for (const key of keys) flights.set(key, flight);
    return flight;
  };

  const readAll = async (keys: readonly string[], policy: CachePolicy, load: Load) => {
    const found = new Map<string, CacheRead<unknown>>();
    const missing: string[] = [];
    const joined = new Map<string, Flight>();
    for (const key of keys) {
      const known = kept.get(key);
      const flight = flights.get(key);
      if (known !== undefined && now() < known.expires) found.set(key, { value: known.value, cached: true });
      else if (flight !== undefined) joined.set(key, flight);
      else missing.push(key);
    }
    if (missing.length === 0 && joined.size === 0) return found;
    const own = missing.length === 0 ? undefined : take(missing, policy, load);
    const theirs = [...joined].map(async ([key, flight]) => {
      try {
        return { key, value: (await flight).get(key)?.value, cached: true };
      } catch {
        // Their load failed, perhaps by their own deadline: this call makes one of its own.
        return { key, ...(await take([key], policy, load)).get(key) };
      }
    });
    const [mine, others] = await Promise.all([own, Promise.all(theirs)]);
    for (const [key, one] of mine ?? []) found.set(key, one);
    for (const { key, value, cached } of others) found.set(key, { value, cached: cached ?? false });
    return found;
  };

  return {
    peek: <T>(key: string) => {
      const known = kept.peek(key);
      const at = now();
      if (known === undefined || at >= known.expires) return undefined;
      if (at - known.seen >= seenMs) {
        known.seen = at;
        kept.get(key);
      }
      return known.value as T | undefined;
    },
    read: async <T>(key: string, policy: CachePolicy, load: (fresh: boolean) => Promise<T | undefined>) => {
      const known = kept.get(key);
      if (known !== undefined && now() < known.expires) return { value: known.value, cached: true } as CacheRead<T>;
      const found = await readAll([key], policy, async (_missing, fresh) => new Map([[key, await load(fresh)]]));
      return (found.get(key) ?? { value: undefined, cached: false }) as CacheRead<T>;
    },
    readMany: async <T>(keys: readonly string[], policy: CachePolicy, load: Load) =>
      (await readAll(keys, policy, load)) as ReadonlyMap<string, CacheRead<T>>,
    invalidate: (keys) => {
      forget(keys);
      shared?.invalidate(keys);
    },
    forget,
  };
};
