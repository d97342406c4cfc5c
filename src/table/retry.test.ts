import { expect, test } from 'vitest';
import { backoffMs, createRetryQuota, defaultRetryPolicy } from './retry.ts';

test('[NET-2] a wait is uniform from nothing to a bound that doubles, and never past the cap', () => {
  const policy = { attemptsMax: 10, baseMs: 25, capMs: 1_000 };
  expect([1, 2, 3, 6, 7, 20].map((retry) => backoffMs(retry, () => 1, policy))).toEqual([
    25, 50, 100, 800, 1_000, 1_000,
  ]);
  expect(backoffMs(5, () => 0, policy)).toBe(0);
  expect(backoffMs(3, () => 0.5, policy)).toBe(50);
});

test('[NET-2] two clients with different chances do not wait alike', () => {
  const chances = Array.from({ length: 20 }, (_, i) => i / 20);
  expect(new Set(chances.map((chance) => backoffMs(4, () => chance, defaultRetryPolicy))).size).toBe(20);
});

test('[NET-2] the quota refuses when it is used up, and successes fill it again, up to the brim', () => {
  const quota = createRetryQuota(12);
  expect([quota.take(5), quota.take(5), quota.take(5)]).toEqual([true, true, false]);
  quota.giveBack(5);
  expect(quota.take(5)).toBe(true);
  quota.giveBack(0);
  expect([quota.take(3), quota.take(1)]).toEqual([true, false]);
  quota.giveBack(1_000);
  expect([quota.take(12), quota.take(1)]).toEqual([true, false]);
});
