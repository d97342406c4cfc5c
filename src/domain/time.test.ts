import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime, timeOf } from './time.ts';

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
