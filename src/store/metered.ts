/** The requests under the patterns: each is timed, and told of with what it cost. Keys and items come from `patterns.ts`. */
import type {
  CallOptions,
  Capacity,
  Changes,
  Condition,
  Item,
  Key,
  QueryPosition,
  QueryRequest,
  Table,
} from '#table/port';
import type { PatternName } from './catalog.ts';
import type { StoredItem } from './items.ts';

/** One use of a pattern, as it is metered: what was asked, what came, what it cost, in milliseconds and units. */
export interface PatternUse {
  readonly pattern: PatternName;
  /** The key or the query; keys carry uuids, never texts. */
  readonly request: Key | QueryRequest;
  readonly items: number;
  readonly capacity: Capacity;
  readonly ms: number;
  /** True when the table refused or failed; the capacity is then not known and given as 0. */
  readonly failed: boolean;
  /** True when no request was made: a cache had the answer. */
  readonly cached?: boolean;
}

export type Observe = (use: PatternUse) => void;

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: QueryPosition;
}

const none: Capacity = { read: 0, write: 0 };

/**
 * @param observe is told of every use, after it; it must not throw.
 * @param elapsed a monotonic clock in milliseconds.
 */
export const createRequests = (table: Table, observe: Observe, elapsed: () => number) => {
  /** Without a function of its own to wait in: every send is one of these, and a promise fewer on its way. */
  const metered = <R extends { readonly capacity: Capacity }>(
    pattern: PatternName,
    request: Key | QueryRequest,
    run: () => Promise<R>,
    count: (result: R) => number,
  ): Promise<R> => {
    const begin = elapsed();
    return run().then(
      (result) => {
        const { capacity } = result;
        observe({ pattern, request, items: count(result), capacity, ms: elapsed() - begin, failed: false });
        return result;
      },
      (error) => {
        observe({ pattern, request, items: 0, capacity: none, ms: elapsed() - begin, failed: true });
        throw error;
      },
    );
  };
  const one = () => 1;

  const get = async <T extends StoredItem>(
    pattern: PatternName,
    key: Key,
    consistent: boolean,
    call?: CallOptions,
  ): Promise<T | undefined> => {
    const run = () => table.get({ key, consistent }, call);
    const { item } = await metered(pattern, key, run, (result) => (result.item === undefined ? 0 : 1));
    return item as T | undefined;
  };
  const getMany = async <T extends StoredItem>(pattern: PatternName, wanted: readonly Key[], call?: CallOptions) => {
    const [first] = wanted;
    if (first === undefined) return [];
    const run = () => table.batchGet(wanted, false, call);
    const { items } = await metered(pattern, first, run, (result) => result.items.length);
    return items as readonly Item[] as unknown as readonly T[];
  };
  const put = (
    pattern: PatternName,
    key: Key,
    body: StoredItem,
    condition?: Condition,
    call?: CallOptions,
  ): Promise<unknown> => {
    // Assigned and not spread: where bodies have several shapes, a literal with a spread takes Node 20 eight times as long.
    const item = Object.assign({ pk: key.pk, sk: key.sk }, body) as unknown as Item;
    return metered(pattern, key, () => table.put(condition ? { item, condition } : { item }, call), one);
  };
  const update = async <T extends StoredItem>(
    pattern: PatternName,
    key: Key,
    changes: Changes,
    condition: Condition | undefined,
    call?: CallOptions,
  ): Promise<T> => {
    const request = condition ? { key, changes, condition } : { key, changes };
    const { item } = await metered(pattern, key, () => table.update(request, call), one);
    return item as unknown as T;
  };
  const remove = async (pattern: PatternName, key: Key, condition: Condition | undefined, call?: CallOptions) => {
    await metered(pattern, key, () => table.delete(condition ? { key, condition } : { key }, call), one);
  };
  const query = async <T extends StoredItem>(
    pattern: PatternName,
    request: QueryRequest,
    call?: CallOptions,
  ): Promise<Page<T>> => {
    const result = await metered(
      pattern,
      request,
      () => table.query(request, call),
      (r) => r.items.length,
    );
    const items = result.items as readonly Item[] as unknown as readonly T[];
    return result.next === undefined ? { items } : { items, next: result.next };
  };

  return { metered, get, getMany, put, update, remove, query };
};
