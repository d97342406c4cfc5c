/** The key-value interface over LMDB: one environment, a sub-database per store, every commit flushed before it resolves. */
import { type Database, open, type RootDatabase } from 'lmdb';
import { type Kv, type KvRange, type KvWriter, type StoreName, storeNames } from './kv.ts';

/**
 * Address space set aside for the file's map, not memory and not disk: the file grows to what is in it. Fixed, because a
 * map that grows would have to be noticed by the other processes that have it open.
 */
const MAP_BYTES = 256 * 1_024 ** 3;

type Store = Database<Buffer, Buffer>;

function* rangeOf(store: Store, { from, to, reverse }: KvRange): Generator<{ key: Uint8Array; value: Uint8Array }> {
  if (Buffer.compare(from, to) >= 0) return;
  const low = Buffer.from(from);
  const high = Buffer.from(to);
  const entries = reverse
    ? store.getRange({ start: high, exclusiveStart: true, end: low, inclusiveEnd: true, reverse })
    : store.getRange({ start: low, end: high });
  for (const { key, value } of entries) yield { key, value };
}

/** Opens or creates the environment in a folder. Throws what LMDB or the file system says. */
export const openLmdbKv = (folder: string): Kv => {
  const root: RootDatabase<Buffer, Buffer> = open({
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: storeNames.length,
    mapSize: MAP_BYTES,
    // A commit is not over before it is on disk; "overlapping" commits would be visible, and acknowledged, before that.
    overlappingSync: false,
  });
  const stores = Object.fromEntries(
    storeNames.map((name): [StoreName, Store] => [
      name,
      root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' }),
    ]),
  ) as Record<StoreName, Store>;

  const view: KvWriter = {
    get: (store, key) => stores[store].get(Buffer.from(key)),
    range: (store, range) => rangeOf(stores[store], range),
    put: (store, key, value) => {
      stores[store].putSync(Buffer.from(key), Buffer.from(value));
    },
    delete: (store, key) => {
      stores[store].removeSync(Buffer.from(key));
    },
  };

  return {
    read: (step) => {
      // The read transaction is kept between calls; renewing it shows what other processes have committed since.
      root.resetReadTxn();
      return step(view);
    },
    transact: async (step) => root.transactionSync(() => step(view)),
    soon: (callback) => void setImmediate(callback),
    close: async () => {
      await root.close();
    },
  };
};
