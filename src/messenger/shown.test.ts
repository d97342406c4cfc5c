import { expect, test } from 'vitest';
import { createShown } from './shown.ts';

interface View {
  text: string;
}

const setUp = () => {
  const clock = { ms: 1_000 };
  const shown = createShown<string, View>(() => clock.ms);
  const lease = { until: 2_000, live: (now: number) => now < lease.until };
  const items: readonly string[] = Object.freeze(['sealed']);
  return { clock, shown, lease, items, views: [{ text: 'open' }] };
};

test('[SEC-2] a page is shown again from memory only while every key that opened it may serve', () => {
  const { clock, shown, lease, items, views } = setUp();
  const other = { live: () => true };
  shown.keep(items, views, new Set([other, lease]));
  expect(shown.of(items)).toBe(views);
  clock.ms = 2_000;
  expect(shown.of(items)).toBeUndefined();
  // Once let go of it does not come back, whatever the clock says.
  clock.ms = 1_000;
  expect(shown.of(items)).toBeUndefined();
});

test('[USER-5] forgetting lets go of all', () => {
  const { shown, lease, items, views } = setUp();
  shown.keep(items, views, new Set([lease]));
  shown.forget();
  expect(shown.of(items)).toBeUndefined();
});

test('[SEC-2] what is kept cannot be changed, and items of one caller alone are not kept for others', () => {
  const { shown, lease, items, views } = setUp();
  shown.keep(items, views, new Set([lease]));
  expect(() => Object.assign(views[0] ?? {}, { text: 'forged' })).toThrow(TypeError);
  expect(() => views.push({ text: 'added' })).toThrow(TypeError);
  const own = ['sealed'];
  shown.keep(own, [{ text: 'open' }], new Set([lease]));
  expect(shown.of(own)).toBeUndefined();
});
