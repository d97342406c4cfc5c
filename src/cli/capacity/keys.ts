/** A table or an index, request by request: what its partitions have, and what it may serve as a whole. */
import type { OnDemand } from './on-demand.ts';
import { createPartitions } from './partitions.ts';

export interface KeysStart {
  readonly onDemand: OnDemand;
  readonly partitions: number;
  /** Units a second that the account has for it. */
  readonly quota: number;
  /** Partitions that so many warm units need. */
  readonly partitionsFor: (warm: number) => number;
}

export interface Keys {
  readonly partitions: () => number;
  /** The partition of a position, when it and the whole have units left now; −1 when one of them has not. */
  readonly open: (position: number, at: number) => number;
  /** Takes units of an open one. */
  readonly take: (partition: number, position: number, units: number) => void;
  /** At the end of each second of the run. */
  readonly second: (second: number, cut: (partition: number, low: number, high: number) => void) => void;
}

export const createKeys = (start: KeysStart, from: number): Keys => {
  const partitions = createPartitions(start.partitions);
  let ceiling = Math.min(start.quota, start.onDemand.warm(from));
  let left = ceiling;
  let filledAt = from;
  let used = 0;
  return {
    partitions: partitions.count,
    open: (position, at) => {
      // A second's units in advance and no more, as of a partition.
      left = Math.min(ceiling, left + (at - filledAt) * ceiling);
      filledAt = at;
      if (left <= 0) return -1;
      const partition = partitions.at(position);
      return partitions.has(partition, at) ? partition : -1;
    },
    take: (partition, position, units) => {
      left -= units;
      used += units;
      partitions.take(partition, position, units);
    },
    second: (second, cut) => {
      // What was in advance came on top of the second's own, and is no peak that growth counts.
      start.onDemand.served(second, Math.min(used, ceiling));
      used = 0;
      const warm = start.onDemand.warm(second + 1);
      ceiling = Math.min(start.quota, warm);
      partitions.growTo(start.partitionsFor(warm), cut);
      partitions.second(cut);
    },
  };
};

/** Takes units of a row's partition in the table and of its entry's in the index; false when one of them has none: back-pressure. */
export const takeBoth = (
  table: Keys,
  index: Keys,
  { position, entry }: { readonly position: number; readonly entry: number },
  at: number,
  wanted: { readonly table: number; readonly index: number },
): boolean => {
  const entryPartition = index.open(entry, at);
  const partition = entryPartition < 0 ? -1 : table.open(position, at);
  if (partition < 0) return false;
  table.take(partition, position, wanted.table);
  index.take(entryPartition, entry, wanted.index);
  return true;
};
