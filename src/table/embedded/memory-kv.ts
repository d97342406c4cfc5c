/** The key-value interface in plain memory: deterministic, without timers; what it resolves, it resolves by microtasks. */
import { type Kv, type KvRange, type KvWriter, type StoreName, storeNames } from './kv.ts';

/** Keys as strings of one character a byte: JavaScript orders those as the bytes are ordered. */
const nameOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');

/** A sorted list of keys beside a map of values; inserting moves what follows, which is fast up to some 100,000 keys. */
interface Store {
  readonly keys: string[];
  readonly values: Map<string, Uint8Array>;
}

/** The place of the first key that is not below `name`. */
const lowerBound = (keys: readonly string[], name: string): number => {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
};

const assign = (store: Store, name: string, value: Uint8Array | undefined): void => {
  if (value !== undefined) {
    if (!store.values.has(name)) store.keys.splice(lowerBound(store.keys, name), 0, name);
    store.values.set(name, value);
  } else if (store.values.delete(name)) {
    store.keys.splice(lowerBound(store.keys, name), 1);
  }
};

function* rangeOf(store: Store, range: KvRange): Generator<Uint8Array> {
  const first = lowerBound(store.keys, nameOf(range.from));
  const last = lowerBound(store.keys, nameOf(range.to)) - 1;
  const count = last - first + 1;
  for (let i = 0; i < count; i += 1) {
    const name = store.keys[range.reverse ? last - i : first + i];
    const value = name === undefined ? undefined : store.values.get(name);
    if (value === undefined) return;
    yield value;
  }
}

export const createMemoryKv = (): Kv => {
  const stores = Object.fromEntries(
    storeNames.map((name): [StoreName, Store] => [name, { keys: [], values: new Map() }]),
  ) as Record<StoreName, Store>;
  /** What the running transaction overwrote, newest last, to be put back when it throws. */
  let undo: { store: Store; name: string; value: Uint8Array | undefined }[] = [];

  const write = (store: Store, key: Uint8Array, value: Uint8Array | undefined): void => {
    const name = nameOf(key);
    undo.push({ store, name, value: store.values.get(name) });
    assign(store, name, value);
  };

  const view: KvWriter = {
    get: (store, key) => stores[store].values.get(nameOf(key)),
    range: (store, range) => rangeOf(stores[store], range),
    put: (store, key, value) => write(stores[store], key, value),
    delete: (store, key) => write(stores[store], key, undefined),
  };

  return {
    read: (step) => step(view),
    transact: async (step) => {
      undo = [];
      try {
        return step(view);
      } catch (error) {
        for (const { store, name, value } of undo.reverse()) assign(store, name, value);
        throw error;
      } finally {
        undo = [];
      }
    },
    soon: (callback) => queueMicrotask(callback),
    close: async () => {},
  };
};
