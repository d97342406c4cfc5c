/**
 * A table whose settled reads go through DAX (`CallOptions.settled`): closed pages and first entries. Writes and all other reads
 * go past it, so DAX learns of no write; what it holds is kept to what changes only by what the readers' own cache hears of,
 * and is asked for there, after a change, without `settled` until DAX has forgotten. Its time to live for items and queries
 * must therefore be no longer than the five minutes that such marks last.
 *
 * DAX remembers absences too. So an answer that there is nothing, or less than was asked for, counts as none: the table is asked.
 */
import type { GetResult, Item, PrimaryQuery, QueryResult, ScannableTable } from '../port.ts';
import { primaryKey } from '../schema.ts';

/** A hit takes about a millisecond; a miss, with DAX asking DynamoDB, some ten. */
export const daxMsMax = 60;
/** After a read that failed or took too long nobody asks for so long; then one does. */
const restMs = 5_000;

/** What of the SDK's document client is used; its `send` does not work with DAX. */
export interface DaxReads {
  get(input: object): Promise<{ readonly Item?: object | undefined; readonly ConsumedCapacity?: Units | undefined }>;
  query(input: object): Promise<{
    readonly Items?: readonly object[] | undefined;
    readonly LastEvaluatedKey?: object | undefined;
    readonly ConsumedCapacity?: Units | undefined;
  }>;
}

interface Units {
  readonly CapacityUnits?: number | undefined;
}

/** Runs something after so many milliseconds, unless the returned function is called first. */
export type After = (ms: number, run: () => void) => () => void;

const byTimer: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

const { partitionKey, sortKey } = primaryKey;

/** A hit consumes nothing, and DAX says nothing of it. */
const capacityOf = (units: Units | undefined) => ({ read: units?.CapacityUnits ?? 0, write: 0 });

const queryInput = (table: string, query: PrimaryQuery): object => {
  const [operator, first, last] = query.sk ?? [];
  const range =
    operator === undefined
      ? ''
      : operator === 'between'
        ? ' AND #sk BETWEEN :a AND :b'
        : operator === 'begins_with'
          ? ' AND begins_with(#sk, :a)'
          : ` AND #sk ${operator} :a`;
  return {
    TableName: table,
    KeyConditionExpression: `#pk = :pk${range}`,
    ExpressionAttributeNames: { '#pk': partitionKey, ...(operator !== undefined && { '#sk': sortKey }) },
    ExpressionAttributeValues: {
      ':pk': query.pk,
      ...(first !== undefined && { ':a': first }),
      ...(last !== undefined && { ':b': last }),
    },
    ScanIndexForward: query.ascending === true,
    ReturnConsumedCapacity: 'TOTAL',
    ...(query.limit !== undefined && { Limit: query.limit }),
  };
};

/**
 * @param lasting says of an item whether it never changes unheard: a group's first entry does not last, for its members change.
 */
export const readThroughDax = (
  table: ScannableTable,
  dax: DaxReads,
  lasting: (item: Item) => boolean,
  time: { readonly now: () => number; readonly after?: After },
): ScannableTable => {
  const { now, after = byTimer } = time;
  let restUntil = Number.NEGATIVE_INFINITY;

  /** The answer, or undefined when DAX does not give one in time. */
  const ask = <T>(run: () => Promise<T>): Promise<T | undefined> => {
    if (now() < restUntil) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        restUntil = now() + restMs;
        resolve(undefined);
      };
      const cancel = after(daxMsMax, giveUp);
      run().then(
        (answer) => {
          cancel();
          resolve(answer);
        },
        () => {
          cancel();
          giveUp();
        },
      );
    });
  };

  return {
    ...table,
    get: async (request, call): Promise<GetResult> => {
      if (call?.settled === true) {
        const { pk, sk } = request.key;
        const input = { TableName: table.name, Key: { pk, sk }, ReturnConsumedCapacity: 'TOTAL' };
        const answer = await ask(() => dax.get(input));
        const item = answer?.Item as Item | undefined;
        if (item !== undefined && lasting(item)) return { item, capacity: capacityOf(answer?.ConsumedCapacity) };
      }
      return table.get(request, call);
    },
    query: async (request, call): Promise<QueryResult> => {
      if (call?.settled === true && request.index === undefined && request.limit !== undefined && !request.start) {
        const answer = await ask(() => dax.query(queryInput(table.name, request)));
        const items = (answer?.Items ?? []) as readonly Item[];
        const next = answer?.LastEvaluatedKey as QueryResult['next'];
        if (items.length === request.limit && items.every(lasting)) {
          return { items, capacity: capacityOf(answer?.ConsumedCapacity), ...(next && { next }) };
        }
      }
      return table.query(request, call);
    },
  };
};
