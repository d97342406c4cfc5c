/** How late inboxes are: first come, first served, from how much came and how much was served in each second. */
import { shardPollsPerSecond } from './limits.ts';

export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** The value at a share of the weight; 0 of nothing. */
export const weightedPercentile = (samples: readonly Weighted[], q: number): number => {
  const ascending = samples.filter((one) => one.weight > 0).sort((a, b) => a.value - b.value);
  let left = q * ascending.reduce((sum, one) => sum + one.weight, 0);
  for (const one of ascending) {
    left -= one.weight;
    if (left <= 0) return one.value;
  }
  return ascending.at(-1)?.value ?? 0;
};

export interface Flow {
  /** Messages that came in each second. */
  readonly came: readonly number[];
  /** Messages served in each second. */
  readonly served: readonly number[];
}

/**
 * For each second, how many seconds later the last message of it was served. What is not served within the run has waited at
 * least until its end: that is what stands there, a lower bound.
 */
export const queueSeconds = ({ came, served }: Flow): readonly number[] => {
  const waits: number[] = [];
  let arrived = 0;
  let done = served[0] ?? 0;
  let second = 0;
  for (const [n, messages] of came.entries()) {
    arrived += messages;
    // Rounding leaves crumbs of a message; a thousandth of a second's arrivals is not waited for.
    while (done < arrived - messages / 1_000 - 1e-6 && second < came.length) {
      second += 1;
      done += served[second] ?? 0;
    }
    waits.push(Math.max(0, second - n));
  }
  return waits;
};

/** A record waits for the next poll, which comes evenly within its interval; the last sample is the slowest hundredth. */
const pollSamples: readonly Weighted[] = [
  ...[0.1, 0.3, 0.5, 0.7, 0.9].map((share) => ({ value: share / shardPollsPerSecond, weight: 0.198 })),
  { value: 0.995 / shardPollsPerSecond, weight: 0.01 },
];

/** Delays of a flow's messages, to the millisecond: poll, batch and queue. `work`: seconds a batch takes, by second. */
export const delaysOf = (flow: Flow, work: readonly number[]): readonly Weighted[] => {
  const byMillisecond = new Map<number, number>();
  const queued = queueSeconds(flow);
  for (const [n, messages] of flow.came.entries()) {
    for (const poll of pollSamples) {
      const ms = Math.round((poll.value + (work[n] ?? 0) + (queued[n] ?? 0)) * 1_000);
      byMillisecond.set(ms, (byMillisecond.get(ms) ?? 0) + poll.weight * messages);
    }
  }
  return [...byMillisecond].map(([ms, weight]) => ({ value: ms / 1_000, weight }));
};
