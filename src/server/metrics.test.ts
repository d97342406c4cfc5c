import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('what is called a total is a counter, so that its rate can be asked for; what comes and goes is a gauge', async () => {
  let delivered = 7;
  const metrics = createMetrics({
    streams: () => 2,
    slowReaders: () => 3,
    delivered: () => delivered,
    inFlight: () => 4,
  });
  const text = await metrics.text();
  const types = [...text.matchAll(/^# TYPE (parley_\w+) (\w+)$/gm)].map(([, name = '', type]) => ({ name, type }));
  expect(types.length).toBeGreaterThan(8);
  for (const { name, type } of types) expect([name, type === 'counter']).toEqual([name, name.endsWith('_total')]);
  expect(text).toMatch(/^parley_live_slow_readers_total 3$/m);
  delivered += 1;
  expect(await metrics.text()).toMatch(/^parley_live_events_delivered_total 8$/m);
});
