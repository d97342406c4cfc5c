/**
 * What operators' and life-cycle jobs do to stored data keys: delete all of one author's (USER-5), count them, and wrap all
 * anew under the newest key-encryption key. All go in bounded batches, may be stopped anywhere, and are safe to repeat.
 */
import type { QueryPosition, ScannableTable, Table } from '#table/port';
import {
  deleteBatchMax,
  deleteDataKeysOf,
  listDataKeysOf,
  rewrapDataKey,
  scanDataKeys,
  storedKey,
} from './key-store.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import type { KeyEraser } from './port.ts';
import { asUnavailable } from './table-keyring.ts';

/** Data keys of one call: four batches of deletes, or a second of a key service's time. */
const lifecycleBatchMax = 100;

export interface Deleted {
  readonly deleted: number;
  /** True when none is left; the caller repeats until then. */
  readonly done: boolean;
}

/**
 * Deletes up to `limit` data keys of an author, all generations. Nodes that hold one unwrapped must `forget` the author, or
 * go on for as long as a key is held.
 */
export const deleteKeysOf = async (
  table: Table,
  author: string,
  options: { readonly limit?: number; readonly deadline?: number } = {},
): Promise<Deleted> => {
  const limit = Math.min(options.limit ?? lifecycleBatchMax, lifecycleBatchMax);
  const call = options.deadline === undefined ? {} : { deadline: options.deadline };
  try {
    const keys = await listDataKeysOf(table, author, limit, call);
    for (let at = 0; at < keys.length; at += deleteBatchMax)
      await deleteDataKeysOf(table, keys.slice(at, at + deleteBatchMax), call);
    return { deleted: keys.length, done: keys.length < limit };
  } catch (error) {
    throw asUnavailable(error);
  }
};

/** All of an author's keys, batch by batch. */
export const createKeyEraser = (table: Table): KeyEraser => ({
  deleteAllOf: async (author, deadline) => {
    for (let sum = 0; ; ) {
      const { deleted, done } = await deleteKeysOf(table, author, deadline === undefined ? {} : { deadline });
      sum += deleted;
      if (done) return sum;
    }
  },
});

/**
 * One batch of a walk that counts data keys by the key-encryption key they are under, `no key` for an item that holds none. It
 * scans, as only operators' tools may.
 */
export const countKeks = async (
  table: ScannableTable,
  options: { readonly start?: QueryPosition; readonly deadline: number },
): Promise<{ readonly counts: ReadonlyMap<string, number>; readonly next?: QueryPosition }> => {
  const { start, deadline } = options;
  try {
    const page = await scanDataKeys(table, start === undefined ? {} : { start }, { deadline });
    const counts = new Map<string, number>();
    for (const item of page.items) {
      const kek = storedKey(item)?.kek ?? 'no key';
      counts.set(kek, (counts.get(kek) ?? 0) + 1);
    }
    return page.next === undefined ? { counts } : { counts, next: page.next };
  } catch (error) {
    throw asUnavailable(error);
  }
};

export interface Rewrapped {
  readonly seen: number;
  readonly rewrapped: number;
  /** Neither under the newest key-encryption key nor to be unwrapped: what they sealed can not be read. */
  readonly unreadable: number;
  /** Where to go on; absent when the walk is complete. */
  readonly next?: QueryPosition;
}

/**
 * One batch of the walk through all data keys. An older key-encryption key may be destroyed after a whole walk that found
 * nothing left to wrap anew. It scans, as only operators' tools may; a key deleted meanwhile stays deleted.
 */
export const rewrapKeys = async (
  table: ScannableTable,
  wrapper: KeyWrapper,
  options: { readonly limit?: number; readonly start?: QueryPosition; readonly deadline: number },
): Promise<Rewrapped> => {
  const { start, deadline } = options;
  const limit = Math.min(options.limit ?? lifecycleBatchMax, lifecycleBatchMax);
  let rewrapped = 0;
  let unreadable = 0;
  try {
    const newest = await wrapper.newestKek();
    const page = await scanDataKeys(table, start === undefined ? { limit } : { limit, start }, { deadline });
    for (const item of page.items) {
      const key = storedKey(item);
      if (key?.kek === newest) continue;
      const context = key && { author: key.author, conversation: key.conversation, table: table.name };
      const next = key && context ? await wrapper.rewrap(context, key, deadline) : 'wrong_key';
      if (key === undefined || typeof next === 'string') unreadable += 1;
      else if (await rewrapDataKey(table, key, next, { deadline })) rewrapped += 1;
    }
    const counts = { seen: page.items.length, rewrapped, unreadable };
    return page.next === undefined ? counts : { ...counts, next: page.next };
  } catch (error) {
    throw asUnavailable(error);
  }
};
