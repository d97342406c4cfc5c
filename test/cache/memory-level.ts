/**
 * A shared level in memory, with the semantics of the one in Valkey (`src/cache/valkey.ts`) and faults to order: for tests that
 * need time to stand still, and for the simulation. The contract of both is in `shared-level.test.ts`.
 */
import type { SharedLevel, SharedRead } from '#cache/shared';

export interface MemoryShared {
  /** One node's end of it. */
  at(node: string): SharedLevel;
}

interface Standing {
  readonly text: string;
  readonly value?: unknown;
  readonly until: number;
}

export interface LevelFaults {
  /** True: the level does not answer this node's read, or does not get its write. */
  readonly away: () => boolean;
  /** Calls back when word of an invalidation reaches another node; never, when it is lost. */
  readonly deliver: (run: () => void) => void;
  /** Breaks the rule: values are written whatever stands there. */
  readonly blind?: boolean;
}

const markMs = 300_000;
const never: LevelFaults = { away: () => false, deliver: (run) => run() };

export const createMemoryShared = (now: () => number, faults: LevelFaults = never): MemoryShared => {
  const stored = new Map<string, Standing>();
  const ends = new Map<string, Set<(keys: readonly string[] | 'all') => void>>();
  let marks = 0;
  const standing = (key: string): Standing | undefined => {
    const found = stored.get(key);
    return found !== undefined && now() < found.until ? found : undefined;
  };
  return {
    at: (node) => {
      const listeners = ends.get(node) ?? new Set();
      ends.set(node, listeners);
      return {
        read: async (keys) => {
          if (faults.away()) return keys.map((): SharedRead => ({ state: 'away' }));
          return keys.map((key): SharedRead => {
            const found = standing(key);
            if (found === undefined) return { state: 'miss', stamp: '', changed: false };
            if (found.value === undefined) return { state: 'miss', stamp: found.text, changed: true };
            return { state: 'hit', value: found.value, leftMs: found.until - now() };
          });
        },
        write: (key, stamp, value, ttlMs) => {
          if (faults.away()) return;
          if (faults.blind !== true && (standing(key)?.text ?? '') !== stamp) return;
          stored.set(key, { text: 'value', value, until: now() + ttlMs });
        },
        invalidate: (keys) => {
          marks += 1;
          if (!faults.away()) for (const key of keys) stored.set(key, { text: `mark ${marks}`, until: now() + markMs });
          for (const [other, theirs] of ends) {
            if (other !== node) faults.deliver(() => theirs.forEach((listener) => void listener(keys)));
          }
        },
        onInvalidated: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      };
    },
  };
};
