/**
 * The partitions of a table or of an index, key by key. Each holds a range of positions and has 1,000 write units a second, a
 * second's worth in advance and no more: a partition of an on-demand table has all of its units all the time, and what it left
 * over before is not promised. Whoever comes while any is left is served, and what it takes beyond is owed: otherwise the small
 * would starve the large. One that stays hot is cut in two at the middle of what was last asked of it, so a key among others
 * gets away from them, and a key alone gains nothing.
 *
 * A position is the hash of the partition key (0 to 2³²) plus the place of the sort key below it (0 to 1): a collection of items
 * can be cut between its items, but a log's new entries and an inbox's newest rows are all at one place.
 */
import { heatSeconds, heatShare, partitionWriteUnits } from './limits.ts';

/** Positions end here. */
export const positionsEnd = 2 ** 32;

/** What was last asked of a partition: as many positions as its heat is judged by. */
const remembered = 32;
/** A partition's load is a mean over about so many seconds: single ones are uneven by chance. */
const heatMeanSeconds = 10;

export interface Partitions {
  /** Those that are not cut. */
  readonly count: () => number;
  /** The partition that holds a position; its number is never given again. */
  readonly at: (position: number) => number;
  /** Whether it has anything left. */
  readonly has: (partition: number, at: number) => boolean;
  /** Takes units of one that has; more than it has are owed. */
  readonly take: (partition: number, position: number, units: number) => void;
  /** Once a second: cuts what has been hot for long enough. Calls back with the one cut and its two parts. */
  readonly second: (cut: (partition: number, low: number, high: number) => void) => void;
  /** Cuts the widest until there are so many: what growth on demand does. */
  readonly growTo: (count: number, cut: (partition: number, low: number, high: number) => void) => void;
}

interface Partition {
  readonly from: number;
  readonly to: number;
  left: number;
  filledAt: number;
  /** Units of this second, their mean over some, and for how many seconds that has been high. */
  used: number;
  mean: number;
  hotSeconds: number;
  readonly asked: Float64Array;
  askedCount: number;
  /** Where it was cut, and into which; −1: it is not. */
  middle: number;
  low: number;
  high: number;
}

const newPartition = (from: number, to: number, filledAt: number): Partition => ({
  from,
  to,
  left: partitionWriteUnits,
  filledAt,
  used: 0,
  mean: 0,
  hotSeconds: 0,
  asked: new Float64Array(remembered),
  askedCount: 0,
  middle: 0,
  low: -1,
  high: -1,
});

/** Where half of what was asked lies on either side, as nearly as can be; undefined when all of it is at one place. */
const middleOf = ({ asked, askedCount, from }: Partition): number | undefined => {
  const ascending = asked.slice(0, Math.min(askedCount, remembered)).sort();
  const median = ascending[ascending.length >> 1] ?? from;
  const below = ascending.filter((one) => one < median).length;
  const above = ascending.filter((one) => one > median);
  if (below === 0 && above.length === 0) return undefined;
  return below >= above.length ? median : above[0];
};

export const createPartitions = (count: number): Partitions => {
  const width = positionsEnd / count;
  const all: Partition[] = Array.from({ length: count }, (_, n) => newPartition(n * width, (n + 1) * width, 0));
  /** In use: those that are not cut. */
  const live = new Set(all.keys());
  const must = (partition: number): Partition => {
    const one = all[partition];
    if (one === undefined) throw new RangeError(`there is no partition ${partition}`);
    return one;
  };
  const fill = (one: Partition, at: number): void => {
    one.left = Math.min(partitionWriteUnits, one.left + (at - one.filledAt) * partitionWriteUnits);
    one.filledAt = at;
  };
  const cutAt = (partition: number, middle: number, cut: Parameters<Partitions['second']>[0]): void => {
    const one = must(partition);
    one.middle = middle;
    one.low = all.push(newPartition(one.from, middle, one.filledAt)) - 1;
    one.high = all.push(newPartition(middle, one.to, one.filledAt)) - 1;
    live.delete(partition);
    live.add(one.low).add(one.high);
    cut(partition, one.low, one.high);
  };
  return {
    count: () => live.size,
    at: (position) => {
      let partition = Math.min(count - 1, Math.floor(position / width));
      for (let one = must(partition); one.low >= 0; one = must(partition)) {
        partition = position < one.middle ? one.low : one.high;
      }
      return partition;
    },
    has: (partition, at) => {
      const one = must(partition);
      fill(one, at);
      return one.left > 0;
    },
    take: (partition, position, units) => {
      const one = must(partition);
      one.left -= units;
      one.used += units;
      one.asked[one.askedCount % remembered] = position;
      one.askedCount += 1;
    },
    second: (cut) => {
      for (const partition of [...live]) {
        const one = must(partition);
        one.mean += (one.used - one.mean) / heatMeanSeconds;
        one.used = 0;
        one.hotSeconds = one.mean >= heatShare * partitionWriteUnits ? one.hotSeconds + 1 : 0;
        if (one.hotSeconds < heatSeconds) continue;
        one.hotSeconds = 0;
        const middle = middleOf(one);
        if (middle !== undefined) cutAt(partition, middle, cut);
      }
    },
    growTo: (wanted, cut) => {
      while (live.size < wanted) {
        let widest = -1;
        for (const partition of live) {
          const one = must(partition);
          if (widest < 0 || one.to - one.from > must(widest).to - must(widest).from) widest = partition;
        }
        const { from, to } = must(widest);
        cutAt(widest, (from + to) / 2, cut);
      }
    },
  };
};
