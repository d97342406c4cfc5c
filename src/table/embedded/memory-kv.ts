/** The key-value interface in plain memory: deterministic, without timers; what it resolves, it resolves by microtasks. */
import { type Kv, type KvKey, type KvRange, type KvWriter, type StoreName, storeNames } from './kv.ts';
import { createOrderedKeys, type OrderedKeys } from './ordered-keys.ts';
import { join } from './slab.ts';

interface Store {
  readonly keys: OrderedKeys;
  readonly values: Map<string, Uint8Array>;
}

const assign = (store: Store, name: string, value: Uint8Array | undefined): void => {
  if (value !== undefined) {
    if (!store.values.has(name)) store.keys.add(name);
    store.values.set(name, value);
  } else if (store.values.delete(name)) {
    store.keys.remove(name);
  }
};

function* rangeOf({ keys, values }: Store, { from, to, reverse }: KvRange): Generator<Uint8Array> {
  for (const name of keys.range(from, to, reverse)) {
    const value = values.get(name);
    if (value !== undefined) yield value;
  }
}

export const createMemoryKv = (): Kv => {
  const stores = Object.fromEntries(
    storeNames.map((name): [StoreName, Store] => [name, { keys: createOrderedKeys(), values: new Map() }]),
  ) as Record<StoreName, Store>;
  /** What the running transaction overwrote, newest last, to be put back when it throws. */
  let undo: { store: Store; name: string; value: Uint8Array | undefined }[] = [];

  const write = (store: Store, name: KvKey, value: Uint8Array | undefined): void => {
    undo.push({ store, name, value: store.values.get(name) });
    assign(store, name, value);
  };

  const view: KvWriter = {
    get: (store, key) => stores[store].values.get(key),
    range: (store, range) => rangeOf(stores[store], range),
    put: (store, key, ...parts) => write(stores[store], key, join(parts)),
    delete: (store, key) => write(stores[store], key, undefined),
  };

  return {
    transactionsAtOnce: 1,
    aloneSince: 0,
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
