/** Where the values of keys lie, by key and in the order of keys. */
import type { KvKey } from './kv.ts';
import { createOrderedKeys, lowerBound } from './ordered-keys.ts';

export interface Places {
  get(name: KvKey): number | undefined;
  set(name: KvKey, place: number): void;
  /** From `from` (included) to `to` (not included), downwards when `reverse`. No change may come in between. */
  range(from: KvKey, to: KvKey, reverse: boolean): Iterable<readonly [name: KvKey, place: number]>;
}

/** For keys that come in any order. */
export const createPlaces = (): Places => {
  const places = new Map<KvKey, number>();
  const names = createOrderedKeys();
  return {
    get: (name) => places.get(name),
    set: (name, place) => {
      const before = places.size;
      places.set(name, place);
      if (places.size > before) names.add(name);
    },
    *range(from, to, reverse) {
      for (const name of names.range(from, to, reverse)) {
        const place = places.get(name);
        if (place !== undefined) yield [name, place];
      }
    },
  };
};

/** For keys that nearly always come in their order and are hardly ever looked up, as the feed's: no more than two lists of them. */
export const createAscendingPlaces = (): Places => {
  const names: KvKey[] = [];
  const places: number[] = [];
  /** The few that came behind one that is above them. */
  const others = createPlaces();
  return {
    get: (name) => {
      const at = lowerBound(names, name);
      return names[at] === name ? places[at] : others.get(name);
    },
    set: (name, place) => {
      const last = names.at(-1);
      if (last === undefined || last < name) {
        names.push(name);
        places.push(place);
        return;
      }
      const at = lowerBound(names, name);
      if (names[at] === name) places[at] = place;
      else others.set(name, place);
    },
    *range(from, to, reverse) {
      const rest = others.range(from, to, reverse)[Symbol.iterator]();
      let other = rest.next();
      const first = lowerBound(names, from);
      const end = lowerBound(names, to);
      for (let at = reverse ? end - 1 : first; at >= first && at < end; at += reverse ? -1 : 1) {
        const name = names[at] ?? '';
        for (; other.done !== true && (reverse ? other.value[0] > name : other.value[0] < name); other = rest.next())
          yield other.value;
        yield [name, places[at] ?? 0];
      }
      for (; other.done !== true; other = rest.next()) yield other.value;
    },
  };
};
