/** A line of pairs, a number and a time: first come, first served. A ring, so that millions may pass through a short one. */

export interface Fifo {
  readonly size: number;
  readonly push: (what: number, at: number) => void;
  /** The first pair's number and time; the line must not be empty. */
  readonly what: () => number;
  readonly at: () => number;
  readonly drop: () => void;
}

export const createFifo = (): Fifo => {
  let whats = new Float64Array(4);
  let times = new Float64Array(4);
  let head = 0;
  let size = 0;
  const grow = (): void => {
    const unrolled = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const wider = new Float64Array(2 * old.length);
      wider.set(old.subarray(head));
      wider.set(old.subarray(0, head), old.length - head);
      return wider;
    };
    [whats, times] = [unrolled(whats), unrolled(times)];
    head = 0;
  };
  return {
    get size() {
      return size;
    },
    push: (what, at) => {
      if (size === whats.length) grow();
      const place = (head + size) & (whats.length - 1);
      whats[place] = what;
      times[place] = at;
      size += 1;
    },
    what: () => whats[head] ?? 0,
    at: () => times[head] ?? 0,
    drop: () => {
      head = (head + 1) & (whats.length - 1);
      size -= 1;
    },
  };
};
