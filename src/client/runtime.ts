/**
 * What the client takes from the machine it runs on: time, chance, timers and the network, passed in as one argument, so
 * that a simulation can put virtual time and a faulty network in their place.
 */
import { uuidV7, uuidV7RandomBytes } from '#domain/uuid';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Calls `run` once after `ms`, unless the returned function is called first. */
export type SetTimer = (ms: number, run: () => void) => () => void;

export interface Runtime {
  /** Unix milliseconds by this machine's clock, which may be wrong. */
  readonly now: () => number;
  /** Uniform in [0, 1). It spreads retries and fills uuids, so take it from a good source. */
  readonly random: () => number;
  readonly setTimer: SetTimer;
  readonly fetch: Fetch;
}

/** The runtime of a browser, or of Node 20. */
export const platformRuntime = (): Runtime => ({
  now: Date.now,
  random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
  setTimer: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  fetch: (url, init) => fetch(url, init),
});

/** A new message's uuid, of the time `ms` by the server's clock as far as it is known (LOG-5). */
export const mintUuid = (random: () => number, ms: number): string =>
  uuidV7(
    ms,
    Uint8Array.from({ length: uuidV7RandomBytes }, () => Math.floor(random() * 256)),
  );

/** No wait between two attempts is longer: a person who comes back online should not wait minutes. */
export const backoffMsMax = 30_000;
const backoffMsFirst = 500;

/**
 * Milliseconds before attempt `attempt` (1 is the first repetition): exponential, between half and the whole of
 * 0.5, 1, 2 … 30 s, so that clients cut off together do not come back together.
 */
export const backoffMs = (attempt: number, random: () => number): number => {
  const whole = Math.min(backoffMsMax, backoffMsFirst * 2 ** Math.min(attempt - 1, 16));
  return Math.round((whole * (1 + random())) / 2);
};
