/** What happens next: a binary heap of times, each with a whole number that says what it is. Numbers only, for millions of them. */

export interface EventQueue {
  readonly size: number;
  /** The earliest time in seconds; infinity when nothing is left. */
  readonly next: () => number;
  readonly push: (at: number, what: number) => void;
  /** Takes the earliest; among equal times any. The queue must not be empty. */
  readonly pop: () => number;
}

export const createEventQueue = (): EventQueue => {
  let times = new Float64Array(1_024);
  let whats = new Int32Array(1_024);
  let size = 0;
  const timeAt = (place: number): number => times[place] ?? Number.POSITIVE_INFINITY;

  const grow = (): void => {
    const [oldTimes, oldWhats] = [times, whats];
    times = new Float64Array(2 * oldTimes.length);
    whats = new Int32Array(2 * oldWhats.length);
    times.set(oldTimes);
    whats.set(oldWhats);
  };

  /** Where an event of this time belongs when the place given is free and all below it is in order. */
  const sink = (at: number): number => {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) return place;
      if (child + 1 < size && timeAt(child + 1) < timeAt(child)) child += 1;
      if (timeAt(child) >= at) return place;
      times[place] = timeAt(child);
      whats[place] = whats[child] ?? 0;
      place = child;
    }
  };

  return {
    get size() {
      return size;
    },
    next: () => (size === 0 ? Number.POSITIVE_INFINITY : timeAt(0)),
    push: (at, what) => {
      if (size === times.length) grow();
      let place = size;
      size += 1;
      while (place > 0) {
        const parent = (place - 1) >> 1;
        if (timeAt(parent) <= at) break;
        times[place] = timeAt(parent);
        whats[place] = whats[parent] ?? 0;
        place = parent;
      }
      times[place] = at;
      whats[place] = what;
    },
    pop: () => {
      const first = whats[0] ?? 0;
      size -= 1;
      const at = timeAt(size);
      const what = whats[size] ?? 0;
      const place = sink(at);
      times[place] = at;
      whats[place] = what;
      return first;
    },
  };
};
