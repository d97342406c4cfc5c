/** How far a table on demand has grown: to twice the highest it served half an hour ago or before, and never back (`pages.onDemand`). */
import { onDemandGrowth, onDemandGrowthSeconds } from './limits.ts';

export interface OnDemandStart {
  /** The highest units a second served before; 0: new. */
  readonly peakBefore: number;
  /** Units a second that a new one has. */
  readonly fresh: number;
}

export interface OnDemand {
  /** Units a second that it serves at once in this second of the run; seconds only go on. */
  readonly warm: (second: number) => number;
  /** Units that it served in this second. */
  readonly served: (second: number, units: number) => void;
}

export const createOnDemand = ({ peakBefore, fresh }: OnDemandStart): OnDemand => {
  let warm = Math.max(fresh, onDemandGrowth * peakBefore);
  /** Peaks by the half-hour they were seen in; the growth they allow comes half an hour later. */
  const peaks = new Map<number, number>();
  const halfOf = (second: number): number => Math.floor(second / onDemandGrowthSeconds);
  return {
    warm: (second) => {
      warm = Math.max(warm, onDemandGrowth * (peaks.get(halfOf(second) - 1) ?? 0));
      return warm;
    },
    served: (second, units) => {
      const half = halfOf(second);
      peaks.set(half, Math.max(peaks.get(half) ?? 0, units));
    },
  };
};
