/**
 * How late the event loop is. A loop that is a second late, again and again, answers what it takes on too late to be of use: it
 * does better to refuse some of it at once (SEC-6). One long pause, as at a start, is no reason.
 */

const sampleMs = 500;
const lateMs = 1_000;
/** Samples in a row that must be late: one pause is one sample. */
const lateInARow = 3;

export interface LagWatch {
  readonly late: () => boolean;
  readonly stop: () => void;
}

/** Keeps the judgement; a sample is how late a timer was, in milliseconds. */
export const createLagJudge = () => {
  let inARow = 0;
  return {
    sample: (lagMs: number): void => {
      inARow = lagMs >= lateMs ? inARow + 1 : 0;
    },
    late: (): boolean => inARow >= lateInARow,
  };
};

/** @param elapsed a monotonic clock in milliseconds. */
export const watchLag = (elapsed: () => number): LagWatch => {
  const judge = createLagJudge();
  let last = elapsed();
  const timer = setInterval(() => {
    const time = elapsed();
    judge.sample(time - last - sampleMs);
    last = time;
  }, sampleMs).unref();
  return { late: judge.late, stop: () => clearInterval(timer) };
};
