/** Writes held in memory above a store: for each key its value, or that it is gone. */
import { type KvKey, type KvRange, type StoreName, storeNames } from './kv.ts';
import { createOrderedKeys, type OrderedKeys } from './ordered-keys.ts';
import { join } from './slab.ts';

/** What a layer says of a key; `null`: it is gone. */
export type Held = Uint8Array | null;

export interface Layer {
  readonly writes: number;
  /** `undefined`: nothing is said of it here. */
  get(store: StoreName, name: KvKey): Held | undefined;
  set(store: StoreName, name: KvKey, value: Held): void;
  range(store: StoreName, range: KvRange): Iterator<readonly [name: KvKey, value: Held]>;
}

const byStore = <T>(make: () => T): Record<StoreName, T> =>
  Object.fromEntries(storeNames.map((name) => [name, make()])) as Record<StoreName, T>;

function* named(names: Iterable<KvKey>, values: ReadonlyMap<KvKey, Held>): Generator<readonly [KvKey, Held]> {
  for (const name of names) yield [name, values.get(name) ?? null];
}

/** A layer that is read in order often: its keys are kept sorted. */
export const createLayer = (): Layer => {
  const values = byStore(() => new Map<KvKey, Held>());
  const keys: Record<StoreName, OrderedKeys> = byStore(createOrderedKeys);
  let writes = 0;
  return {
    get writes() {
      return writes;
    },
    get: (store, name) => values[store].get(name),
    set: (store, name, value) => {
      const known = values[store];
      const before = known.size;
      known.set(name, value);
      writes += 1;
      if (known.size > before) keys[store].add(name);
    },
    range: (store, { from, to, reverse }) => named(keys[store].range(from, to, reverse), values[store]),
  };
};

/** One key's last write in a commit: the value, and the parts it was given in, which may be shared with other writes. */
export interface PendingWrite {
  readonly store: StoreName;
  readonly name: KvKey;
  readonly value: Held;
  readonly parts: readonly Uint8Array[];
}

export interface Pending extends Layer {
  put(store: StoreName, name: KvKey, parts: readonly Uint8Array[]): void;
  /** Each key once, in the order in which they were first written. */
  readonly list: readonly PendingWrite[];
}

const noParts: readonly Uint8Array[] = [];

/** What one commit has written so far: hardly ever read in order, and sorted when it is. */
export const createPending = (): Pending => {
  const list: PendingWrite[] = [];
  /** Where in the list a key stands. Few commits write to all stores. */
  const places: { [Name in StoreName]?: Map<KvKey, number> } = {};
  const note = (write: PendingWrite): void => {
    let inStore = places[write.store];
    if (inStore === undefined) {
      inStore = new Map();
      places[write.store] = inStore;
    }
    const known = inStore.get(write.name);
    if (known === undefined) inStore.set(write.name, list.push(write) - 1);
    else list[known] = write;
  };
  const held = (store: StoreName, name: KvKey): Held | undefined => {
    const place = places[store]?.get(name);
    return place === undefined ? undefined : list[place]?.value;
  };
  return {
    list,
    get writes() {
      return list.length;
    },
    get: held,
    set: (store, name, value) => note({ store, name, value, parts: value === null ? noParts : [value] }),
    put: (store, name, parts) => note({ store, name, value: join(parts), parts }),
    *range(store, { from, to, reverse }) {
      const names = [...(places[store]?.keys() ?? [])].filter((name) => name >= from && name < to).sort();
      for (const name of reverse ? names.reverse() : names) yield [name, held(store, name) ?? null];
    },
  };
};
