/** Delays of millions of messages, counted by the millisecond. */

export interface DelayCounts {
  readonly add: (seconds: number) => void;
  readonly count: () => number;
  /** The delay in seconds that a share of them is below or at; 0 of nothing. */
  readonly at: (share: number) => number;
}

export const createDelayCounts = (): DelayCounts => {
  let counts = new Uint32Array(65_536);
  let all = 0;
  return {
    add: (seconds) => {
      const ms = Math.max(0, Math.round(seconds * 1_000));
      if (ms >= counts.length) {
        const old = counts;
        counts = new Uint32Array(2 ** Math.ceil(Math.log2(ms + 1)));
        counts.set(old);
      }
      counts[ms] = (counts[ms] ?? 0) + 1;
      all += 1;
    },
    count: () => all,
    at: (share) => {
      let left = Math.ceil(share * all);
      for (let ms = 0; ms < counts.length && left > 0; ms += 1) {
        left -= counts[ms] ?? 0;
        if (left <= 0) return ms / 1_000;
      }
      return 0;
    },
  };
};
