/** Queries and scans of the embedded table: a page is a walk over a range of byte keys that ends by `limit` or at 1 MB. */
import { readUnits } from '../capacity.ts';
import { TableError } from '../errors.ts';
import {
  checkKey,
  checkKeyValue,
  checkLimit,
  PAGE_BYTES_MAX,
  PARTITION_KEY_BYTES_MAX,
  SORT_KEY_BYTES_MAX,
} from '../limits.ts';
import type { Item, Key, QueryPosition, QueryRequest, QueryResult, SortCondition } from '../port.ts';
import type { TableSchema } from '../schema.ts';
import { decodeItem, storedOf } from './codec.ts';
import { indexKey, indexRange, itemRange } from './keys.ts';
import type { KvRange, KvReader, StoreName } from './kv.ts';

const invalid = (message: string): TableError => new TableError('invalid', message);

/** Reads one page. `positionOf` says how the page's last item is named for the page after. */
export const readPage = (
  reader: KvReader,
  store: StoreName,
  range: KvRange,
  options: { limit: number | undefined; consistent: boolean; positionOf: (item: Item) => QueryPosition },
): QueryResult => {
  const items: Item[] = [];
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  let bytes = 0;
  let full = false;
  for (const { value } of reader.range(store, range)) {
    const stored = storedOf(value);
    // A page holds what fits into 1 MB; one item always does.
    if (bytes + stored.size > PAGE_BYTES_MAX) {
      full = true;
      break;
    }
    items.push(decodeItem(stored));
    bytes += stored.size;
    if (items.length >= limit) {
      full = true;
      break;
    }
  }
  const last = items.at(-1);
  return {
    items,
    // DynamoDB names a position when it reached the limit, without looking whether anything follows.
    ...(full && last !== undefined ? { next: options.positionOf(last) } : {}),
    capacity: { read: readUnits(bytes, options.consistent), write: 0 },
  };
};

const checkSortCondition = (name: string, condition: SortCondition | undefined): void => {
  if (condition === undefined) return;
  for (const value of condition.slice(1)) checkKeyValue(name, value, SORT_KEY_BYTES_MAX);
  if (condition[0] === 'between' && Buffer.compare(Buffer.from(condition[1]), Buffer.from(condition[2])) > 0) {
    throw invalid(`the range of ${name} ends before it begins`);
  }
};

const textOf = (position: QueryPosition, name: string): string => {
  const value = position[name];
  if (typeof value !== 'string') throw invalid(`the position to start from has no ${name}`);
  return value;
};

const checkStart = (start: QueryPosition | undefined, partitionKey: string, partition: string): void => {
  if (start === undefined) return;
  checkKey(start);
  if (start[partitionKey] !== partition) throw invalid('the position to start from belongs to another query');
};

/** Refuses a query of no partition, with an impossible range, or with a position of another query. */
export const runQuery = (reader: KvReader, schema: TableSchema, request: QueryRequest): QueryResult => {
  checkLimit(request.limit);
  const { start, limit } = request;
  const reverse = request.ascending !== true;
  if (request.index === undefined) {
    checkKeyValue('pk', request.pk, PARTITION_KEY_BYTES_MAX);
    checkSortCondition('sk', request.sk);
    checkStart(start, 'pk', request.pk);
    return readPage(reader, 'items', itemRange(request.pk, request.sk, reverse, start), {
      limit,
      consistent: request.consistent === true,
      positionOf: keyOf,
    });
  }
  const index = schema.indexes[request.index];
  if (index === undefined) throw invalid(`this table has no index ${request.index}`);
  if ((request as { consistent?: boolean }).consistent === true) throw invalid('an index has no consistent reads');
  const { partitionKey, sortKey } = index;
  const query: { readonly [name: string]: unknown } = { ...request };
  const partition = query[partitionKey];
  const condition = query[sortKey] as SortCondition | undefined;
  checkKeyValue(partitionKey, partition, PARTITION_KEY_BYTES_MAX);
  checkSortCondition(sortKey, condition);
  const name = String(partition);
  checkStart(start, partitionKey, name);
  const place = start === undefined ? undefined : indexKey(request.index, name, textOf(start, sortKey), start);
  return readPage(reader, 'index', indexRange(request.index, name, condition, reverse, place), {
    limit,
    consistent: false,
    positionOf: (item) => ({
      ...keyOf(item),
      [partitionKey]: String(item[partitionKey]),
      [sortKey]: String(item[sortKey]),
    }),
  });
};

export const keyOf = (item: Key): Key & QueryPosition => ({ pk: item.pk, sk: item.sk });
