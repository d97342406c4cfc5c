/** Both kinds hold what was set last, in the order of keys. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAscendingPlaces, createPlaces } from './places.ts';

const key = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'));
const ascending = fc.array(key, { maxLength: 60 }).map((keys) => keys.toSorted());
const keys = fc.oneof(fc.array(key, { maxLength: 60 }), ascending);

describe.each([
  ['in any order', createPlaces],
  ['nearly always in their order', createAscendingPlaces],
])('[TABLE-5] keys that come %s', (_, create) => {
  test('are found, each at its last place, and walked in order, both ways', () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 4 }), key, key, fc.boolean(), (batches, from, to, reverse) => {
        const places = create();
        const model = new Map<string, number>();
        for (const [place, name] of batches.flat().entries()) {
          places.set(name, place);
          model.set(name, place);
        }
        for (let n = 0; n < 100; n += 1) {
          const name = String(n).padStart(2, '0');
          expect(places.get(name)).toBe(model.get(name));
        }
        const within = [...model].filter(([name]) => name >= from && name < to).sort();
        expect([...places.range(from, to, reverse)]).toEqual(reverse ? within.reverse() : within);
      }),
    );
  });
});
