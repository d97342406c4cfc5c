/** Work that must be done in the end: one run at a time, repeated with backoff while its failure is passing. */
import { type ApiError, toApiError } from './failure.ts';
import { backoffMs, type Runtime } from './runtime.ts';

export interface Task {
  /**
   * Asks for a run that begins from now on, or after `delayMs`, or when a wait that is already on ends; requests before it begins become one. The promise never rejects: it resolves
   * after the next run, however that ended (or at `stop`).
   */
  request(delayMs?: number): Promise<void>;
  /** Ends a wait at once. */
  wake(): void;
  stop(): void;
}

export interface TaskOptions {
  readonly runtime: Runtime;
  readonly run: () => Promise<void>;
  /** Told of each failed run. A passing failure is tried again by itself, another waits for the next request. */
  readonly failed?: (error: ApiError) => void;
}

export const createTask = ({ runtime, run, failed }: TaskOptions): Task => {
  let running = false;
  /** The delay of the run that was asked for meanwhile. */
  let wantedMs: number | undefined;
  let stopped = false;
  let attempt = 0;
  let cancelTimer: (() => void) | undefined;
  let waiters: (() => void)[] = [];

  const later = (ms: number): void => {
    cancelTimer = runtime.setTimer(ms, begin);
  };

  const finish = (error: ApiError | undefined): void => {
    running = false;
    if (stopped) return;
    if (error !== undefined) failed?.(error);
    if (error?.passing) {
      attempt += 1;
      later(Math.max(backoffMs(attempt, runtime.random), error.retryAfterMs ?? 0));
      return;
    }
    attempt = 0;
    if (wantedMs === 0) begin();
    else if (wantedMs !== undefined) later(wantedMs);
  };

  const begin = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    if (running || stopped) return;
    running = true;
    wantedMs = undefined;
    const served = waiters;
    waiters = [];
    const release = () => {
      for (const resolve of served) resolve();
    };
    run().then(
      () => {
        finish(undefined);
        release();
      },
      (error: unknown) => {
        finish(toApiError(error));
        release();
      },
    );
  };

  return {
    request: (delayMs = 0) => {
      if (stopped) return Promise.resolve();
      const done = new Promise<void>((resolve) => waiters.push(resolve));
      wantedMs = Math.min(delayMs, wantedMs ?? delayMs);
      if (!running && cancelTimer === undefined) {
        if (delayMs === 0) begin();
        else later(delayMs);
      }
      return done;
    },
    wake: () => {
      if (cancelTimer !== undefined) begin();
    },
    stop: () => {
      stopped = true;
      cancelTimer?.();
      for (const resolve of waiters) resolve();
      waiters = [];
    },
  };
};
