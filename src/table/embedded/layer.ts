/** Writes held in memory above a store: for each key its value, or that it is gone. */
import { type KvKey, type KvRange, type StoreName, storeNames } from './kv.ts';
import { createOrderedKeys, type OrderedKeys } from './ordered-keys.ts';
import { join } from './slab.ts';

/** What a layer says of a key; `null`: it is gone. */
export type Held = Uint8Array | null;

/** A value as it was given, in parts that follow each other and may be shared with other values; `null`: the key is gone. */
export type Written = readonly Uint8Array[] | null;

export interface Layer {
  readonly writes: number;
  /** `undefined`: nothing is said of it here. */
  get(store: StoreName, name: KvKey): Held | undefined;
  set(store: StoreName, name: KvKey, written: Written): void;
  range(store: StoreName, range: KvRange): Iterator<readonly [name: KvKey, value: Held]>;
}

/** Put together when somebody reads it: most of what is written is carried over without ever being read from memory. */
const whole = (written: Written): Held => written && join(written);

const byStore = <T>(make: () => T): Record<StoreName, T> =>
  Object.fromEntries(storeNames.map((name) => [name, make()])) as Record<StoreName, T>;

function* named(names: Iterable<KvKey>, values: ReadonlyMap<KvKey, Written>): Generator<readonly [KvKey, Held]> {
  for (const name of names) yield [name, whole(values.get(name) ?? null)];
}

/** A layer that is read in order often: its keys are kept sorted. */
export const createLayer = (): Layer => {
  const values = byStore(() => new Map<KvKey, Written>());
  const keys: Record<StoreName, OrderedKeys> = byStore(createOrderedKeys);
  let writes = 0;
  return {
    get writes() {
      return writes;
    },
    get: (store, name) => {
      const written = values[store].get(name);
      return written === undefined ? undefined : whole(written);
    },
    set: (store, name, written) => {
      const known = values[store];
      const before = known.size;
      known.set(name, written);
      writes += 1;
      if (known.size > before) keys[store].add(name);
    },
    range: (store, { from, to, reverse }) => named(keys[store].range(from, to, reverse), values[store]),
  };
};

/** One key's last write in a commit. */
export interface PendingWrite {
  readonly store: StoreName;
  readonly name: KvKey;
  readonly written: Written;
}

export interface Pending extends Layer {
  /** Each key once, in the order in which they were first written. */
  readonly list: readonly PendingWrite[];
}

/** What one commit has written so far: hardly ever read in order, and sorted when it is. */
export const createPending = (): Pending => {
  const list: PendingWrite[] = [];
  /** Where in the list a key stands. Few commits write to all stores. */
  const places: { [Name in StoreName]?: Map<KvKey, number> } = {};
  const held = (store: StoreName, name: KvKey): Held | undefined => {
    const place = places[store]?.get(name);
    const write = place === undefined ? undefined : list[place];
    return write === undefined ? undefined : whole(write.written);
  };
  return {
    list,
    get writes() {
      return list.length;
    },
    get: held,
    set: (store, name, written) => {
      let inStore = places[store];
      if (inStore === undefined) {
        inStore = new Map();
        places[store] = inStore;
      }
      const write = { store, name, written };
      const known = inStore.get(name);
      if (known === undefined) inStore.set(name, list.push(write) - 1);
      else list[known] = write;
    },
    *range(store, { from, to, reverse }) {
      const names = [...(places[store]?.keys() ?? [])].filter((name) => name >= from && name < to).sort();
      for (const name of reverse ? names.reverse() : names) yield [name, held(store, name) ?? null];
    },
  };
};
