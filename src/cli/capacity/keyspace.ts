/**
 * The partitions of a table or of an index, a second at a time: each serves 1,000 write units a second, the whole no more than
 * on demand has grown to and the quota allows; a partition that stays hot is split, a single hot key only away from the others.
 *
 * Keys that are not hot spread evenly over the hash of the partition key, so partitions without a hot key are alike and are kept
 * as a count. Burst capacity is left out: a partition of an on-demand table has all of its 1,000 units all the time, and 1,000
 * is the most that a partition gives.
 */
import { heatSeconds, heatShare, partitionBytes, partitionWriteUnits } from './limits.ts';
import type { OnDemand } from './on-demand.ts';

export interface KeyspaceStart {
  readonly onDemand: OnDemand;
  readonly bytes: number;
  readonly quota: number;
}

/** Write units that are asked for in one second: spread over all keys, and of the one hot key. */
export interface WriteOffer {
  readonly spread: number;
  readonly hot: number;
}

export interface WriteAnswer {
  /** Shares (0–1) of what was asked for that is served. */
  readonly spread: number;
  readonly hot: number;
  readonly partitions: number;
  /** What the table could take as a whole in this second. */
  readonly warm: number;
}

export interface Keyspace {
  write(second: number, offer: WriteOffer): WriteAnswer;
}

/** Partitions for what is warm and what is kept. */
export const partitionsFor = (warm: number, bytes: number): number =>
  Math.max(1, Math.ceil(warm / partitionWriteUnits), Math.ceil(bytes / partitionBytes));

/** @param from the first second. */
export const makeKeyspace = (start: KeyspaceStart, from = 0): Keyspace => {
  const { onDemand } = start;
  let partitions = partitionsFor(onDemand.warm(from), start.bytes);
  let hotSeconds = 0;
  /** Set once the hot key has a partition of its own. */
  let isolated = false;
  let spreadHotSeconds = 0;

  const splitWhenHot = (spreadLoad: number, hot: number): void => {
    const limit = heatShare * partitionWriteUnits;
    spreadHotSeconds = spreadLoad >= limit ? spreadHotSeconds + 1 : 0;
    hotSeconds = !isolated && hot > 0 && spreadLoad + hot >= limit ? hotSeconds + 1 : 0;
    if (spreadHotSeconds >= heatSeconds) {
      partitions *= 2;
      spreadHotSeconds = 0;
    }
    if (hotSeconds >= heatSeconds) {
      partitions += 1;
      isolated = true;
    }
  };

  return {
    write: (second, { spread, hot }) => {
      const warm = onDemand.warm(second);
      partitions = Math.max(partitions, partitionsFor(warm, 0));
      const whole = spread + hot;
      const ceiling = Math.min(warm, start.quota);
      const share = whole > ceiling ? ceiling / whole : 1;
      const spreadPartitions = isolated ? partitions - 1 : partitions;
      const spreadLoad = (spread * share) / spreadPartitions;
      const hotLoad = hot * share + (isolated ? 0 : spreadLoad);
      splitWhenHot(spreadLoad, hot * share);
      const spreadServed = Math.min(1, partitionWriteUnits / spreadLoad || 1);
      const hotServed = hotLoad > partitionWriteUnits ? partitionWriteUnits / hotLoad : 1;
      const consumed = spread * share * spreadServed + hot * share * hotServed;
      onDemand.served(second, consumed);
      return { spread: share * spreadServed, hot: share * hotServed, partitions, warm };
    },
  };
};
