/** Queries and scans of the embedded table: a page is a walk over a range of byte keys that ends by `limit` or at 1 MB. */
import { readUnits } from '../capacity.ts';
import { PAGE_BYTES_MAX } from '../limits.ts';
import type { Item, Key, QueryPosition, QueryRequest, QueryResult } from '../port.ts';
import type { QueryShape } from '../query-shape.ts';
import { type Codec, storedOf } from './codec.ts';
import { indexKey, indexRange, itemRange } from './keys.ts';
import type { KvRange, KvReader, StoreName } from './kv.ts';

/** What reading takes: the store, and the codec of its items. */
export interface PageSource {
  readonly reader: KvReader;
  readonly codec: Codec;
}

/** Reads one page. `positionOf` says how the page's last item is named for the page after. */
export const readPage = (
  { reader, codec }: PageSource,
  store: StoreName,
  range: KvRange,
  options: { limit: number | undefined; consistent: boolean; positionOf: (item: Item) => QueryPosition },
): QueryResult & { readonly bytes: number } => {
  const items: Item[] = [];
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  let bytes = 0;
  let full = false;
  for (const value of reader.range(store, range)) {
    const stored = storedOf(value);
    // A page holds what fits into 1 MB; one item always does.
    if (bytes + stored.size > PAGE_BYTES_MAX) {
      full = true;
      break;
    }
    items.push(codec.decode(reader, stored));
    bytes += stored.size;
    if (items.length >= limit) {
      full = true;
      break;
    }
  }
  const last = items.at(-1);
  return {
    items,
    bytes,
    // DynamoDB names a position when it reached the limit, without looking whether anything follows.
    ...(full && last !== undefined ? { next: options.positionOf(last) } : {}),
    capacity: { read: readUnits(bytes, options.consistent), write: 0 },
  };
};

/** A partition of the table, or of an index, as one name. */
export const partitionName = (index: string | undefined, partition: string): string =>
  index === undefined ? `/${partition}` : `${index}/${partition}`;

/** A query as one name within its partition; names of different queries differ, whatever stands in them. */
export const queryName = ({ condition }: QueryShape, { limit, ascending, start, consistent }: QueryRequest): string =>
  JSON.stringify([limit, ascending, consistent, condition, start]);

/** Runs a query that `queryShape` has checked. */
export const runQuery = (source: PageSource, shape: QueryShape, request: QueryRequest): ReturnType<typeof readPage> => {
  const { index, partitionKey, partition, sortKey, condition } = shape;
  const { start, limit } = request;
  const reverse = request.ascending !== true;
  if (index === undefined) {
    return readPage(source, 'items', itemRange(partition, condition, reverse, start), {
      limit,
      consistent: request.consistent === true,
      positionOf: keyOf,
    });
  }
  const place = start === undefined ? undefined : indexKey(index, partition, String(start[sortKey]), start);
  return readPage(source, 'index', indexRange(index, partition, condition, reverse, place), {
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
