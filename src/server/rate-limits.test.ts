import { expect, test } from 'vitest';
import { createRateLimit } from './rate-limits.ts';

test('[SEC-6] a bucket holds ten seconds of its rate, fills by it, and never more', () => {
  let time = 0;
  const ask = createRateLimit(2, () => time);
  for (let n = 19; n >= 0; n -= 1) expect(ask('ada')).toMatchObject({ allowed: true, limit: 20, remaining: n });
  expect(ask('ada')).toEqual({ allowed: false, limit: 20, remaining: 0, reset: 1 });
  time += 500;
  expect(ask('ada').allowed).toBe(true);
  expect(ask('ada').allowed).toBe(false);
  time += 3_600_000;
  expect(ask('ada')).toMatchObject({ allowed: true, remaining: 19 });
});

test('[SEC-6] one key takes nothing from another, and a clock set back gives nothing', () => {
  let time = 1_000_000;
  const ask = createRateLimit(1, () => time);
  for (let n = 0; n < 10; n += 1) ask('ada');
  expect(ask('ada').allowed).toBe(false);
  expect(ask('bob').allowed).toBe(true);
  time -= 500_000;
  expect(ask('ada').allowed).toBe(false);
});
