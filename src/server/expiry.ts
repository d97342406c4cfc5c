/** Deletes what has expired from the embedded table in the background; DynamoDB does it by itself, within days. */

/** Rests between rounds; readers never rely on an item being gone. */
const restMs = 60_000;

/**
 * @param deleteExpired deletes some, and says how many; it is asked again at once while there are more.
 * @returns stops it, after the round under way.
 */
export const startExpiry = (
  deleteExpired: () => Promise<number>,
  failed: (error: unknown) => void,
): (() => Promise<void>) => {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  const round = async (): Promise<void> => {
    try {
      while (!stopped && (await deleteExpired()) > 0);
    } catch (error) {
      failed(error);
    }
  };
  const timer = setInterval(() => {
    running = running.then(round);
  }, restMs);
  timer.unref();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await running;
  };
};
