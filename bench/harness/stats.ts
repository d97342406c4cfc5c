/** What is said about samples: percentiles, medians over rounds, and how far the rounds lay apart. */

/** Sorts a copy upwards. */
export const sorted = (values: Iterable<number>): Float64Array => Float64Array.from(values).sort();

/** The value at share `q` (0–1) of values sorted upwards, by the nearest rank; NaN of nothing. */
export const percentile = (ascending: ArrayLike<number>, q: number): number => {
  if (ascending.length === 0) return Number.NaN;
  const rank = Math.min(ascending.length - 1, Math.max(0, Math.ceil(q * ascending.length) - 1));
  return ascending[rank] ?? Number.NaN;
};

/** The middle value, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const ascending = sorted(values);
  const middle = ascending.length >> 1;
  const upper = ascending[middle] ?? Number.NaN;
  return ascending.length % 2 === 1 ? upper : ((ascending[middle - 1] ?? Number.NaN) + upper) / 2;
};

/** Median, least and greatest over rounds, and their distance as a share of the median. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** (max − min) / median. */
  readonly spread: number;
}

export const spreadOf = (values: readonly number[]): Spread => {
  const middle = median(values);
  const min = Math.min(...values);
  const max = Math.max(...values);
  return { median: middle, min, max, spread: middle === 0 ? 0 : (max - min) / middle };
};
