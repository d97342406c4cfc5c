import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime, parseTime, timeOf } from './time.ts';

const year9999 = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

test('[LOG-6] a time is written as ISO 8601 has it, whatever was written before, and read back the same', () => {
  const time = fc.oneof(fc.integer({ min: 0, max: year9999 }), fc.integer({ min: 0, max: 3_000 }));
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 20 }), (times) => {
      for (const ms of times) {
        expect(isoTime(ms)).toBe(new Date(ms).toISOString());
        expect(timeOf(isoTime(ms))).toBe(ms);
      }
    }),
  );
});

test('a time outside the years 1970 to 9999 is written as the nearest within', () => {
  expect(isoTime(-1)).toBe('1970-01-01T00:00:00.000Z');
  expect(isoTime(year9999 + 1)).toBe('9999-12-31T23:59:59.999Z');
});

test('[PAGE-1] a time given is a date, or a date and time with its zone, of a day that there is', () => {
  expect(parseTime('2026-02-28')).toBe(Date.UTC(2026, 1, 28));
  expect(parseTime('2028-02-29T12:30+01:00')).toBe(Date.UTC(2028, 1, 29, 11, 30));
  expect(parseTime('1969-12-31T23:59:59.999Z')).toBe(-1);
  expect(parseTime('9999-12-31T23:59:59.999-01:00')).toBe(year9999 + 3_600_000);
  for (const text of [
    '2026-02-29',
    '2026-04-31T00:00Z',
    '2026-00-10',
    '2026-13-01',
    '2026-01-00',
    '2026-01-01T12:00',
    'now',
  ])
    expect(parseTime(text)).toBeUndefined();
});
