/** How the page writes days. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

describe('days, in a zone that sets its clocks twice a year', () => {
  const zone = process.env.TZ;
  let format: typeof import('../../web/src/format.ts');
  beforeAll(async () => {
    process.env.TZ = 'Europe/Berlin';
    // It takes the reader's zone as it is loaded.
    vi.resetModules();
    format = await import('../../web/src/format.ts');
  });
  afterAll(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  test.each([
    // 29 March has 23 hours, and 25 October 25.
    ['2026-03-29T10:00:00Z', '2026-03-29T22:30:00Z', 'Yesterday'],
    ['2026-10-24T21:50:00Z', '2026-10-25T22:50:00Z', 'Yesterday'],
    ['2026-10-24T22:10:00Z', '2026-10-25T22:50:00Z', 'Today'],
    ['2026-12-31T22:30:00Z', '2026-12-31T23:30:00Z', 'Yesterday'],
  ])('%s, seen at %s, is %s', (iso, now, day) => {
    expect(format.formatDay(iso, new Date(now))).toBe(day);
  });

  test('the day before yesterday is a date', () => {
    expect(format.formatDay('2026-03-28T22:45:00Z', new Date('2026-03-29T22:30:00Z'))).toMatch(/28/);
  });

  test('in the list a weekday stands for the six days before today, which has no other of its name', () => {
    const now = new Date('2026-03-30T20:00:00Z');
    expect(format.formatWhen('2026-03-30T06:05:00Z', now)).toContain('08:05');
    expect(format.formatWhen('2026-03-23T23:30:00Z', now)).not.toMatch(/\d/);
    expect(format.formatWhen('2026-03-23T22:30:00Z', now)).toMatch(/23/);
  });
});
