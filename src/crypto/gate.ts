/** Runs at most so many tasks at once; the rest wait in order, in a bounded queue. */
import { ParleyError } from '#domain/errors';

export interface Gate {
  /** Rejects with `unavailable` when the queue is full. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

export const createGate = (atOnceMax: number, waitingMax: number): Gate => {
  const waiting: (() => void)[] = [];
  let running = 0;

  const wait = async (): Promise<void> => {
    if (waiting.length >= waitingMax)
      throw new ParleyError('unavailable', 'Too many keys are being fetched.', { retryAfterSeconds: 1 });
    // Whoever leaves hands its place over, so `running` stays as it is.
    await new Promise<void>((admit) => waiting.push(admit));
  };

  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };

  return {
    async run(task) {
      if (running < atOnceMax) running += 1;
      else await wait();
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
};
