/** How a script is called: what it takes is checked before anything is opened, and a mistake is one sentence. */

/** A mistake in how a script was called; its message says what to type. */
export class UsageError extends Error {}

/** Rows of a pattern shown at once: more than anybody reads. */
export const rowsMax = 1_000;

/** A count out of an option. Without the check a typo would go to the table as a page of no size. */
export const countOf = (name: string, value: unknown, max: number): number => {
  const number = /^\d{1,9}$/.test(String(value)) ? Number(value) : 0;
  if (number >= 1 && number <= max) return number;
  throw new UsageError(`--${name} is "${value}": give a whole number from 1 to ${max}`);
};
