/** What becomes of a script whose output cannot be written. */

/**
 * Whoever reads may stop reading, as in `… | head`: that is no failure. Any other failure, such as of a full disk, ends the
 * script with a line, since what was asked for is not there.
 */
export const mindOutput = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`the output cannot be written: ${error.message}\n`, () => process.exit(1));
  });
};
