import { expect, test } from 'vitest';
import { createCounterTally, createHistogramTally } from './tally.ts';

test('a counter adds by series', () => {
  const counter = createCounterTally('units_total', 'Units');
  counter.add('kind="read"', 1.5);
  counter.add('kind="write"', 3);
  counter.add('kind="read"', 1);
  expect(counter.text()).toBe(
    '# HELP units_total Units\n# TYPE units_total counter\nunits_total{kind="read"} 2.5\nunits_total{kind="write"} 3\n',
  );
});

test('a histogram counts what is at most a bound, and everything in +Inf', () => {
  const histogram = createHistogramTally('seconds', 'Time', [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 2]) histogram.add('route="/v1/me"', value);
  expect(histogram.text().split('\n').slice(2)).toEqual([
    'seconds_bucket{route="/v1/me",le="0.1"} 2',
    'seconds_bucket{route="/v1/me",le="1"} 3',
    'seconds_bucket{route="/v1/me",le="+Inf"} 4',
    'seconds_sum{route="/v1/me"} 2.65',
    'seconds_count{route="/v1/me"} 4',
    '',
  ]);
});
