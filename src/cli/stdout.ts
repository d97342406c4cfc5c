/** A script's output that cannot be written. */
import { cutOff, outputCutOff } from './cut-off.ts';

/** Has the script end when its output cannot be written, which otherwise nobody may be waiting to hear. */
export const mindOutput = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => cutOff(outputCutOff(error)));
};
