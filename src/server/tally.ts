/**
 * Counters and histograms of the hot path, in Prometheus' text format
 * (prometheus.io/docs/instrumenting/exposition_formats, "Text-based format"). The library's own hash and check the labels at
 * every count, which for a send with its rows' updates is a tenth of the whole; here a series is found by its label text.
 */

/** The labels of a series as they stand between the braces, `pattern="appendEntry"`; values that need no escaping. */
export type SeriesLabels = string;

/** Labels by two of their values, each put together once; there are as many as a server has routes, statuses and patterns. */
export const createLabels = (
  labelsOf: (first: string, second: string) => SeriesLabels,
): ((first: string, second: string) => SeriesLabels) => {
  const made = new Map<string, Map<string, SeriesLabels>>();
  return (first, second) => {
    const ofFirst = made.get(first) ?? new Map<string, SeriesLabels>();
    let labels = ofFirst.get(second);
    if (labels === undefined) {
      labels = labelsOf(first, second);
      ofFirst.set(second, labels);
      made.set(first, ofFirst);
    }
    return labels;
  };
};

export interface CounterTally {
  add(labels: SeriesLabels, amount: number): void;
  text(): string;
}

/** A count without labels that is kept elsewhere: what it has come to is asked for when somebody reads. */
export const createCounterReading = (name: string, help: string, read: () => number): Pick<CounterTally, 'text'> => ({
  text: () => `${head(name, help, 'counter')}${name} ${read()}\n`,
});

const head = (name: string, help: string, type: 'counter' | 'histogram'): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;

export const createCounterTally = (name: string, help: string): CounterTally => {
  const sums = new Map<SeriesLabels, number>();
  return {
    add: (labels, amount) => {
      sums.set(labels, (sums.get(labels) ?? 0) + amount);
    },
    text: () => head(name, help, 'counter') + [...sums].map(([labels, sum]) => `${name}{${labels}} ${sum}\n`).join(''),
  };
};

interface Series {
  sum: number;
  count: number;
  /** How many were at most each bound and above the one before. */
  readonly buckets: Float64Array;
}

/** @param bounds ascending; what is above them all counts in `+Inf` alone. */
export const createHistogramTally = (name: string, help: string, bounds: readonly number[]): CounterTally => {
  const all = new Map<SeriesLabels, Series>();
  return {
    add: (labels, value) => {
      let series = all.get(labels);
      if (series === undefined) {
        series = { sum: 0, count: 0, buckets: new Float64Array(bounds.length) };
        all.set(labels, series);
      }
      series.sum += value;
      series.count += 1;
      const at = bounds.findIndex((bound) => value <= bound);
      if (at >= 0) series.buckets[at] = (series.buckets[at] ?? 0) + 1;
    },
    text: () => {
      const lines = [head(name, help, 'histogram')];
      for (const [labels, { sum, count, buckets }] of all) {
        let below = 0;
        for (const [at, bound] of bounds.entries()) {
          below += buckets[at] ?? 0;
          lines.push(`${name}_bucket{${labels},le="${bound}"} ${below}\n`);
        }
        lines.push(
          `${name}_bucket{${labels},le="+Inf"} ${count}\n`,
          `${name}_sum{${labels}} ${sum}\n`,
          `${name}_count{${labels}} ${count}\n`,
        );
      }
      return lines.join('');
    },
  };
};
