import { expect, test } from 'vitest';
import { createLagJudge } from './lag.ts';

test('[SEC-6] late again and again is late; one pause is not, and one sample in time ends it', () => {
  const judge = createLagJudge();
  judge.sample(8_000);
  judge.sample(5);
  judge.sample(1_500);
  judge.sample(1_500);
  expect(judge.late()).toBe(false);
  judge.sample(1_500);
  expect(judge.late()).toBe(true);
  judge.sample(20);
  expect(judge.late()).toBe(false);
});
