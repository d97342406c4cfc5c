/** A seeded world with virtual time: whoever waits, waits here, and the same seed gives the same run. */

/** Numbers in [0, 1): mulberry32, whose whole state is one seed. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export class World {
  readonly random: () => number;
  #now = Date.UTC(2026, 0, 1);
  #events: Event[] = [];
  #order = 0;
  readonly #turns: number;

  /** @param turns of the event loop that what follows from one event may take: some where streams hand pieces on. */
  constructor(seed: number, turns = 0) {
    this.random = seededRandom(seed);
    this.#turns = turns;
  }

  get now(): number {
    return this.#now;
  }

  /** An integer in [0, below). */
  below(below: number): number {
    return Math.floor(this.random() * below);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('nothing to pick from');
    return choice;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** Runs something after so many virtual milliseconds; the returned function takes it back. */
  after(ms: number, run: () => void): () => void {
    const event: Event = { at: this.#now + ms, order: this.#order++, run, cancelled: false };
    // Kept sorted from last to first, so that the next one is popped off the end.
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#events[middle] as Event;
      if (other.at > event.at || (other.at === event.at && other.order > event.order)) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Runs something every so many virtual milliseconds, until the returned function is called. */
  every(ms: number, run: () => void): () => void {
    let cancel = (): void => undefined;
    const again = (): void => {
      cancel = this.after(ms, again);
      run();
    };
    cancel = this.after(ms, again);
    return () => cancel();
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const abort = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Lets time pass until the condition holds; throws when it does not within so many virtual milliseconds. */
  async until(done: () => boolean, withinMs: number): Promise<void> {
    const limit = this.#now + withinMs;
    for (;;) {
      // All that follows from the last event by promises alone happens before the next one: before a tick, that is.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      for (let turn = 0; turn < this.#turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (done()) return;
      let next = this.#events.pop();
      while (next?.cancelled === true) next = this.#events.pop();
      if (next === undefined || next.at > limit) throw new Error('the world stands still: a promise was never settled');
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
  }
}
