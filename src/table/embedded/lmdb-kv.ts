/** The key-value interface over LMDB: one environment, a sub-database per store, every commit flushed before it resolves. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, type DatabaseOptions, open, type RootDatabase } from 'lmdb';
import { type Kv, type KvKey, type KvRange, type KvReader, type KvWriter, type StoreName, storeNames } from './kv.ts';
import { join as joined } from './slab.ts';

/**
 * Address space set aside for the file's map, not memory and not disk: the file grows to what is in it. Fixed, because a
 * map that grows would have to be noticed by the other processes that have it open.
 */
const MAP_BYTES = 256 * 1_024 ** 3;

const keyEncoder = {
  writeKey: (key: KvKey, target: Buffer, at: number): number => at + target.write(key, at, 'latin1'),
  readKey: (source: Buffer, start: number, end: number): KvKey => source.toString('latin1', start, end),
};

type Store = Database<Buffer, KvKey>;

/** What a layer of newer writes above LMDB asks for besides: the keys of a range beside its values. */
export interface LmdbReader extends KvReader {
  entries(store: StoreName, range: KvRange): Iterable<{ readonly key: KvKey; readonly value: Uint8Array }>;
}

export interface LmdbKv extends Kv {
  read<T>(step: (reader: LmdbReader) => T): T;
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Entry = { readonly key: KvKey; readonly value: Buffer };

const entriesOf = (store: Store, { from, to, reverse }: KvRange) => {
  // An empty range would be one of everything, the other way round.
  const limit = from >= to ? { limit: 0 } : {};
  const entries: unknown = reverse
    ? store.getRange({ start: to, exclusiveStart: true, end: from, inclusiveEnd: true, reverse, ...limit })
    : store.getRange({ start: from, end: to, ...limit });
  return entries as Iterable<Entry> & { map<T>(each: (entry: Entry) => T): Iterable<T> };
};

/** Where LMDB's first page says what it is, and what it says there. */
const MAGIC_OFFSET = 24;
const MAGIC = 0xbeefc0de;

/** Refuses a file that is none of LMDB's, which LMDB itself would map and fall over. */
const checkFile = (file: string): void => {
  if (!existsSync(file)) return;
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(MAGIC_OFFSET + 4);
    const length = readSync(descriptor, head, 0, head.length, 0);
    if (length > 0 && head.readUInt32LE(MAGIC_OFFSET) !== MAGIC) throw new Error(`${file} is no database`);
  } finally {
    closeSync(descriptor);
  }
};

/** Opens or creates the environment in a folder. Throws what LMDB or the file system says. */
export const openLmdbKv = (folder: string): LmdbKv => {
  checkFile(join(folder, 'data.mdb'));
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
      root.openDB<Buffer, KvKey>({ name, encoding: 'binary', keyEncoder } as DatabaseOptions & { name: string }),
    ]),
  ) as Record<StoreName, Store>;

  const view: KvWriter & LmdbReader = {
    get: (store, key) => stores[store].get(key),
    range: (store, range) => entriesOf(stores[store], range).map(({ value }) => value),
    entries: (store, range) => entriesOf(stores[store], range),
    put: (store, key, ...parts) => {
      stores[store].putSync(key, asBuffer(joined(parts)));
    },
    delete: (store, key) => {
      stores[store].removeSync(key);
    },
  };

  return {
    transactionsAtOnce: 1,
    aloneSince: undefined,
    read: (step) => {
      // The read transaction is kept between calls; renewing it shows what other processes have committed since.
      root.resetReadTxn();
      return step(view);
    },
    /**
     * The commit waits for the disk in place: a flush is shorter than handing it to LMDB's own thread and back where disks
     * are fast, the many writes of a busy process share it, and a disk that is full shows as an error here, whereas
     * a failed commit of that thread ends the process (lmdb 3.5: a rejection that nobody can catch).
     */
    transact: async (step) => root.transactionSync(() => step(view)),
    soon: (callback) => void setImmediate(callback),
    close: async () => {
      await root.close();
    },
  };
};
