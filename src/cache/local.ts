/** The cache of one process: least recently used out first, bounded by entries, single flight. */
import { LRUCache } from 'lru-cache';
import type { Cache, CachePolicy } from './port.ts';

/** Keys kept; values here are small items (entry 0, profiles, blocks). */
const entriesMax = 50_000;

interface Kept {
  readonly value: unknown;
  readonly expires: number;
  readonly staleUntil: number;
}

const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
};

/** @param now milliseconds. @param random 0 to 1, for the jitter of expiry. */
export const createLocalCache = (now: () => number, random: () => number): Cache => {
  const kept = new LRUCache<string, Kept>({ maxSize: entriesMax, sizeCalculation: () => 1 });
  const flights = new Map<string, Promise<unknown>>();

  const keep = (key: string, value: unknown, policy: CachePolicy): void => {
    const ttlMs = value === undefined ? policy.negativeTtlMs : policy.ttlMs;
    const expires = now() + ttlMs * (0.8 + 0.2 * random());
    kept.set(key, { value, expires, staleUntil: expires + (value === undefined ? 0 : policy.staleOnErrorMs) });
  };

  const load = async <T>(key: string, policy: CachePolicy, run: () => Promise<T | undefined>) => {
    const flight = run();
    flights.set(key, flight);
    try {
      const value = freeze(await flight);
      // An invalidation while this was under way took the flight off the list: what it read may be old.
      if (flights.get(key) === flight) keep(key, value, policy);
      return value;
    } finally {
      if (flights.get(key) === flight) flights.delete(key);
    }
  };

  return {
    read: async <T>(key: string, policy: CachePolicy, run: () => Promise<T | undefined>) => {
      const known = kept.get(key);
      if (known !== undefined && now() < known.expires) return { value: known.value as T | undefined, cached: true };
      const flight = flights.get(key);
      if (flight !== undefined) return { value: (await flight) as T | undefined, cached: true };
      try {
        return { value: await load(key, policy, run), cached: false };
      } catch (error) {
        if (known !== undefined && known.value !== undefined && now() < known.staleUntil) {
          return { value: known.value as T, cached: true };
        }
        throw error;
      }
    },
    invalidate: (keys) => {
      for (const key of keys) {
        kept.delete(key);
        flights.delete(key);
      }
    },
  };
};
