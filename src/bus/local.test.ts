import { expect, test } from 'vitest';
import { createLocalBus } from './local.ts';
import type { BusEvent } from './port.ts';

const event = (body: unknown): BusEvent => ({ type: 'typing', to: ['u'], body });

test('[LIVE-3] every listener gets every event once, in order, until it leaves', () => {
  const bus = createLocalBus();
  const seen: unknown[] = [];
  const leave = bus.subscribe((one) => seen.push(['a', one.body]));
  bus.subscribe((one) => seen.push(['b', one.body]));
  bus.publish(event(1));
  leave();
  leave();
  bus.publish(event(2));
  expect(seen).toEqual([
    ['a', 1],
    ['b', 1],
    ['b', 2],
  ]);
});

test('[LIVE-3] one function subscribed twice is two subscriptions', () => {
  const bus = createLocalBus();
  let calls = 0;
  const listener = () => {
    calls += 1;
  };
  const leave = bus.subscribe(listener);
  bus.subscribe(listener);
  bus.publish(event(1));
  leave();
  bus.publish(event(2));
  expect(calls).toBe(3);
});

test('[LIVE-1] a listener that throws harms neither the publisher nor the others', () => {
  const faults: unknown[] = [];
  const bus = createLocalBus((error) => faults.push(error));
  const seen: unknown[] = [];
  bus.subscribe(() => {
    throw new Error('boom');
  });
  bus.subscribe((one) => seen.push(one.body));
  bus.publish(event(1));
  expect(seen).toEqual([1]);
  expect(faults).toHaveLength(1);
});

test('a closed bus is silent', async () => {
  const bus = createLocalBus();
  const seen: unknown[] = [];
  bus.subscribe((one) => seen.push(one.body));
  await bus.close();
  bus.publish(event(1));
  expect(seen).toEqual([]);
});
