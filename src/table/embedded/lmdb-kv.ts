/** The key-value interface over LMDB: one environment, a sub-database per store, every commit flushed before it resolves. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, type DatabaseOptions, open, type RootDatabase } from 'lmdb';
import { type Kv, type KvRange, type KvWriter, type StoreName, storeNames } from './kv.ts';

/**
 * Address space set aside for the file's map, not memory and not disk: the file grows to what is in it. Fixed, because a
 * map that grows would have to be noticed by the other processes that have it open.
 */
const MAP_BYTES = 256 * 1_024 ** 3;

/** Keys are bytes on the way in; on the way out nobody asks for them, and making buffers of them would cost a tenth of a page. */
const keyEncoder = {
  writeKey: (key: Buffer, target: Buffer, at: number): number => at + key.copy(target, at),
  readKey: (): undefined => undefined,
};

type Store = Database<Buffer, Buffer>;

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const rangeOf = (store: Store, { from, to, reverse }: KvRange): Iterable<Buffer> => {
  const low = asBuffer(from);
  const high = asBuffer(to);
  if (Buffer.compare(low, high) >= 0) return [];
  const entries = reverse
    ? store.getRange({ start: high, exclusiveStart: true, end: low, inclusiveEnd: true, reverse })
    : store.getRange({ start: low, end: high });
  return entries.map(({ value }) => value);
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
export const openLmdbKv = (folder: string): Kv => {
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
      root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoder } as DatabaseOptions & { name: string }),
    ]),
  ) as Record<StoreName, Store>;

  const view: KvWriter = {
    get: (store, key) => stores[store].get(asBuffer(key)),
    range: (store, range) => rangeOf(stores[store], range),
    put: (store, key, value) => {
      stores[store].putSync(asBuffer(key), asBuffer(value));
    },
    delete: (store, key) => {
      stores[store].removeSync(asBuffer(key));
    },
  };

  return {
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
