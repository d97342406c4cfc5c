/** Carries erasures out in the background: those begun here at once, those that another process left undone when it looks. */
import type { Erasures } from './erase.ts';

/** How often this process looks for what others left undone; half a read unit each time. */
const pollMs = 60_000;

/** Milliseconds since the epoch; `wait` resolves after so many of them, or when its signal says so. */
export interface ErasureTime {
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface ErasureRunner {
  /** Says that an erasure was begun: the runner looks now. */
  wake(): void;
  /** Ends after the erasure under way has come as far as it can. */
  stop(): Promise<void>;
}

/** @param failed is told of each failure; the erasure is taken up again at the next look. */
export const startErasureRunner = (
  erasures: Pick<Erasures, 'open' | 'advance'>,
  time: ErasureTime,
  failed: (error: unknown) => void,
): ErasureRunner => {
  const stopping = new AbortController();
  let woken = new AbortController();
  let pending = false;

  /** Resolves with when to look again, in milliseconds since the epoch. */
  const look = async (): Promise<number> => {
    let next = time.now() + pollMs;
    for (const user of await erasures.open()) {
      if (stopping.signal.aborted) break;
      try {
        const progress = await erasures.advance(user);
        if (progress.state === 'waits') next = Math.min(next, progress.until);
      } catch (error) {
        failed(error);
      }
    }
    return next;
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      pending = false;
      woken = new AbortController();
      let next = time.now() + pollMs;
      try {
        next = await look();
      } catch (error) {
        failed(error);
      }
      if (!pending && !stopping.signal.aborted) await time.wait(Math.max(1, next - time.now()), woken.signal);
    }
  };
  const running = run();
  const wake = (): void => {
    pending = true;
    woken.abort();
  };
  return {
    wake,
    stop: async () => {
      stopping.abort();
      wake();
      await running;
    },
  };
};
