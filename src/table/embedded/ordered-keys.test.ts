/** The set is in order at any moment, however many of its keys are not in their place yet. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOrderedKeys } from './ordered-keys.ts';

const name = fc.integer({ min: 0, max: 999 }).map((n) => String(n).padStart(3, '0'));
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant('add' as const), names: fc.array(name, { maxLength: 300 }) }) },
  fc.record({ act: fc.constant('remove' as const), names: fc.array(name, { maxLength: 20 }) }),
  fc.record({ act: fc.constant('range' as const), from: name, to: name, reverse: fc.boolean() }),
);

test('[TABLE-5] a range gives the keys between its bounds in their order, both ways, after any adds and removals', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (acts) => {
      const keys = createOrderedKeys();
      const model = new Set<string>();
      for (const act of [...acts, { act: 'range' as const, from: '', to: '\xff', reverse: false }]) {
        if (act.act === 'add') {
          for (const one of act.names) {
            if (!model.has(one)) keys.add(one);
            model.add(one);
          }
        } else if (act.act === 'remove') {
          for (const one of act.names) {
            keys.remove(one);
            model.delete(one);
          }
        } else {
          const within = [...model].filter((one) => one >= act.from && one < act.to).sort();
          expect([...keys.range(act.from, act.to, act.reverse)]).toEqual(act.reverse ? within.reverse() : within);
        }
      }
    }),
  );
});

test('[TABLE-5] keys that come in their order, and keys that do not, are both kept by the ten thousand', () => {
  const keys = createOrderedKeys();
  const names = Array.from({ length: 20_000 }, (_, n) => String((n * 7_919) % 20_000).padStart(5, '0'));
  for (const one of names.toSorted().slice(0, 10_000)) keys.add(one);
  for (const one of names) if (one >= '10000') keys.add(one);
  expect([...keys.range('', '\xff', false)]).toEqual(names.toSorted());
});
