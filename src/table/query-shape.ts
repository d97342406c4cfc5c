/** What a query asks, by the table's own names, checked: one partition by equality, at most one range, a position of its own. */
import { TableError } from './errors.ts';
import { checkKey, checkKeyValue, checkLimit, PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from './limits.ts';
import type { QueryRequest, SortCondition } from './port.ts';
import { primaryKey, type TableSchema } from './schema.ts';
import { compareUtf8 } from './values.ts';

export interface QueryShape {
  readonly index: string | undefined;
  readonly partitionKey: string;
  readonly partition: string;
  readonly sortKey: string;
  readonly condition: SortCondition | undefined;
}

const invalid = (message: string): TableError => new TableError('invalid', message);

const checkSortCondition = (name: string, condition: SortCondition | undefined): void => {
  if (condition === undefined) return;
  for (const value of condition.slice(1)) checkKeyValue(name, value, SORT_KEY_BYTES_MAX);
  if (condition[0] === 'between' && compareUtf8(condition[1], condition[2]) > 0) {
    throw invalid(`the range of ${name} ends before it begins`);
  }
};

/**
 * Refuses with `invalid` what types refuse already, for callers that have none, and what only values show: a key that is
 * empty or too long, a range that ends before it begins, a position that belongs to another query.
 */
export const queryShape = (schema: TableSchema, request: QueryRequest): QueryShape => {
  checkLimit(request.limit);
  const index: string | undefined = request.index;
  const keys = index === undefined ? primaryKey : schema.indexes[index];
  if (keys === undefined) throw invalid(`this table has no index ${index}`);
  if (index !== undefined && request.consistent !== undefined) throw invalid('an index has no consistent reads');
  const { partitionKey, sortKey } = keys;
  const given: { readonly [name: string]: unknown } = { ...request };
  const partition = given[partitionKey];
  const condition = given[sortKey] as SortCondition | undefined;
  checkKeyValue(partitionKey, partition, PARTITION_KEY_BYTES_MAX);
  checkSortCondition(sortKey, condition);
  const { start } = request;
  if (start !== undefined) {
    checkKey(start);
    if (start[partitionKey] !== partition) throw invalid('the position to start from belongs to another query');
    checkKeyValue(sortKey, start[sortKey], SORT_KEY_BYTES_MAX);
  }
  return { index, partitionKey, partition: String(partition), sortKey, condition };
};
