/** What AWS does not say and we assume; given, so that an answer's sensitivity to it can be asked for. */
import { batchOverheadSeconds, batchWritesInFlight, writeSeconds } from './limits.ts';

export interface Assumed {
  readonly writeSeconds: number;
  readonly batchOverheadSeconds: number;
  readonly batchWritesInFlight: number;
}

export const assumed: Assumed = { writeSeconds, batchOverheadSeconds, batchWritesInFlight };
