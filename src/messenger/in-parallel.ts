/**
 * Runs work for each item, at most `atOnce` at a time; where that is a function, it is asked before each. Rejects with the first
 * failure, after all that had begun has ended.
 */
export const inParallel = <T>(
  items: readonly T[],
  atOnce: number | (() => number),
  work: (item: T) => Promise<void>,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const most = typeof atOnce === 'number' ? () => atOnce : atOnce;
    const rest = items.values();
    let running = 0;
    let failure: { readonly error: unknown } | undefined;
    const begin = (): void => {
      while (failure === undefined && (running === 0 || running < most())) {
        const { done, value: item } = rest.next();
        if (done === true) break;
        running += 1;
        work(item).then(ended, failed);
      }
      if (running > 0) return;
      if (failure === undefined) resolve();
      else reject(failure.error);
    };
    const ended = (): void => {
      running -= 1;
      begin();
    };
    const failed = (error: unknown): void => {
      failure ??= { error };
      ended();
    };
    begin();
  });
