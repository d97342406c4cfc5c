/** Time and chance for tests: nothing happens until time is moved, and a seed repeats everything. */
import type { SetTimer } from '#client/runtime';

/** Uniform in [0, 1) from a 32-bit seed (mulberry32). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export interface VirtualTime {
  readonly now: () => number;
  readonly setTimer: SetTimer;
  /** Lets everything happen that needs no more time. */
  settle(): Promise<void>;
  /** Moves time on, running each timer when it is due and settling after it. */
  advance(ms: number): Promise<void>;
  readonly pending: number;
}

export const createVirtualTime = (startMs = Date.UTC(2026, 0, 1)): VirtualTime => {
  let now = startMs;
  let order = 0;
  const timers = new Set<Timer>();

  // Streams take several turns of the event loop to hand a piece on.
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  };

  const next = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at > until) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  };

  return {
    now: () => now,
    get pending() {
      return timers.size;
    },
    setTimer: (ms, run) => {
      const timer: Timer = { at: now + Math.max(0, ms), order: order++, run };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    settle,
    advance: async (ms) => {
      const until = now + ms;
      await settle();
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer);
        now = Math.max(now, timer.at);
        timer.run();
        await settle();
      }
      now = until;
    },
  };
};
