/** What becomes of a script that is cut off: by a signal, or since its output cannot be written. */
import type { Act, Audit } from '#messenger/lifecycle/audit';
import { CutOff } from '#messenger/lifecycle/cut-off';

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** Cuts off the act that is under way, if one is. */
let cutAct: ((why: CutOff) => void) | undefined;

/** Output that cannot be written: whoever reads has stopped, as in `… | head`, or the disk is full. */
export const outputCutOff = (error: NodeJS.ErrnoException): CutOff =>
  new CutOff(error.code === 'EPIPE' ? 'output closed' : 'output failed', { cause: error });

/**
 * Ends the script as others of Unix end: to stop reading is no failure and says nothing; a disk that is full is a line, since
 * what was asked for is not there; a signal is what the script dies of.
 */
export const endCutOff = ({ by, cause }: CutOff): void => {
  if (by === 'output closed') process.exit(0);
  else if (by !== 'output failed') process.kill(process.pid, by);
  else
    process.stderr.write(`the output cannot be written: ${cause instanceof Error ? cause.message : cause}\n`, () =>
      process.exit(1),
    );
};

/** Cuts the script off: at once, or where an act is under way, once that is noted. */
export const cutOff = (why: CutOff): void => {
  if (cutAct === undefined) endCutOff(why);
  else cutAct(why);
};

/** Runs an act between its two entries in the audit, of which it has the second also when it is cut off. */
export const audited = async <T>(audit: Audit, act: Act, work: () => Promise<T>): Promise<T> => {
  let cutBy: CutOff | undefined;
  const cut = new Promise<never>((_, reject) => {
    cutAct = (why) => {
      cutBy ??= why;
      reject(why);
    };
  });
  // It may come when nothing waits for it: before the work, or while its end is being noted.
  cut.catch(() => undefined);
  const onSignal = (signal: (typeof signals)[number]): void => cutOff(new CutOff(signal));
  // Only once: whoever asks again does not want to wait for the note.
  for (const signal of signals) process.once(signal, onSignal);
  try {
    return await audit.audited(act, async () => {
      if (cutBy !== undefined) throw cutBy;
      return await Promise.race([cut, work()]);
    });
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
    cutAct = undefined;
  }
};
