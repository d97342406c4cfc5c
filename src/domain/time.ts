/** Times as they are stored and sent: ISO 8601, milliseconds, `Z`, fixed width, so that text order is time order (LOG-6). */

/** The year 9999 ends here; beyond it the width would grow and text order would break. */
const lastMs = 253_402_300_799_999;

const secondMs = 1_000;
/** The text of one second, up to its milliseconds: under load thousands of entries are of the same. */
let second = { at: -1, text: '' };

/** @param ms since the epoch, 0 to the year 9999. */
export const isoTime = (ms: number): string => {
  const whole = Math.trunc(Math.min(Math.max(0, ms), lastMs));
  const at = Math.floor(whole / secondMs);
  if (at !== second.at) second = { at, text: new Date(at * secondMs).toISOString().slice(0, -4) };
  const milliseconds = whole - at * secondMs;
  return `${second.text}${milliseconds < 10 ? '00' : milliseconds < 100 ? '0' : ''}${milliseconds}Z`;
};

/** Milliseconds since the epoch of a time written by `isoTime`, which is all that the table holds. */
export const timeOf = (iso: string): number => Date.parse(iso);

const isoPattern = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Days of a month, counted from 1. */
const daysOf = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/**
 * Milliseconds since the epoch, below 0 before it, of a time given by a person or a program: a date, or a date and time with its
 * zone; undefined for anything else, and for a day that its month does not have, which the engine would take for one of the next.
 */
export const parseTime = (text: string): number | undefined => {
  const [, year, month, day] = isoPattern.exec(text) ?? [];
  if (day === undefined || Number(day) > daysOf(Number(year), Number(month))) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};
