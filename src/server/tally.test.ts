import { expect, test } from 'vitest';
import { createCounterTally, createHistogramTally, createLabels } from './tally.ts';

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

test('labels are put together once for each two values', () => {
  let made = 0;
  const labels = createLabels((method, route) => {
    made += 1;
    return `method="${method}",route="${route}"`;
  });
  const asked = () => ['GET', 'PUT'].flatMap((method) => ['/a', '/b'].map((route) => labels(method, route)));
  expect(asked()).toEqual(asked());
  expect(new Set(asked()).size).toBe(4);
  expect(labels('PUT', '/b')).toBe('method="PUT",route="/b"');
  expect(made).toBe(4);
});
