import { expect, test } from 'vitest';
import { createRateLimit, subscriberOf } from './rate-limits.ts';

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

test.each([
  ['198.51.100.7', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:0001:0002::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:1::3:4:5:6', '2001:db8:1:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('[SEC-6] the address %s counts as %s', (address, subscriber) => {
  expect(subscriberOf(address)).toBe(subscriber);
});

test.each(['::', ':', ':::::::::::', 'a::b::c', 'x:y'])(
  '[SEC-6] %s, which is no address, counts as something',
  (text) => {
    expect(typeof subscriberOf(text)).toBe('string');
  },
);
