/** A bound on how long somebody else's work is waited for. */

/** The longest wait that a timer can be set to. */
const timerMsMax = 2 ** 31 - 1;

/** What the work gives, or a rejection after so many milliseconds. The work itself goes on. */
export const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), Math.min(Math.max(0, ms), timerMsMax));
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};
