/** What the parts of the table's contract share: the table under test, fresh keys, items of an exact size. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import { TableError, type TableErrorCode } from '#table/errors';
import type { ChangeRecord, Item, Key, QueryRequest, QueryResult, ScannableTable, Value } from '#table/port';

export interface OpenTable {
  readonly table: ScannableTable;
  close(): Promise<void>;
}

export interface ContractOptions {
  /** Tests that an adapter cannot pass, by their full title, each with the reason, which is printed with the skip. */
  readonly skips?: Readonly<Record<string, string>>;
  /** How often the heavier properties are tried; a server over a network takes fewer. */
  readonly runs?: number;
}

export interface Contract {
  /** The table under test, opened once for the suite. */
  table(): ScannableTable;
  readonly runs: number;
  /** As vitest's `test`, unless the adapter skips it with a reason. */
  check(title: string, body: () => Promise<void>): void;
}

export const createContract = (table: () => ScannableTable, options: ContractOptions): Contract => ({
  table,
  runs: options.runs ?? 100,
  check(title, body) {
    const reason = options.skips?.[title];
    if (reason === undefined) test(title, body);
    else test.skip(`${title} (skipped: ${reason})`, body);
  },
});

/** A partition that no other test uses. */
export const freshPartition = (): string => `T#${randomUUID()}`;

const keyBytes = (key: Key): number => Buffer.byteLength(`pk${key.pk}sk${key.sk}`);

/** An item of exactly so many bytes by DynamoDB's arithmetic, all in ASCII. */
export const itemOfSize = (key: Key, bytes: number, attributes: { readonly [name: string]: string } = {}): Item => {
  const others = Object.entries(attributes).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return { ...key, ...attributes, x: 'x'.repeat(bytes - keyBytes(key) - others - 'x'.length) };
};

/** Every page of a query to its end. */
export const walk = async (table: ScannableTable, request: QueryRequest): Promise<QueryResult[]> => {
  const pages: QueryResult[] = [];
  for (let start = request.start; ; ) {
    const page = await table.query(start === undefined ? request : { ...request, start });
    pages.push(page);
    if (page.next === undefined) return pages;
    start = page.next;
  }
};

export const walkItems = async (table: ScannableTable, request: QueryRequest): Promise<Item[]> =>
  (await walk(table, request)).flatMap((page) => page.items);

/** Index entries may lag behind the table on a server: asks until the answer has so many items, then gives it. */
export const queryUntil = async (table: ScannableTable, request: QueryRequest, count: number): Promise<Item[]> => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const items = await walkItems(table, request);
    if (items.length === count) return items;
    await sleep(20);
  }
  return walkItems(table, request);
};

/** The table error a call is refused with; fails when it is not refused, or with another error. */
export const refusal = async (call: Promise<unknown>): Promise<TableError> => {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof TableError) return outcome.error;
  throw new Error(`expected a table error, got ${JSON.stringify(outcome)}`, {
    cause: 'error' in outcome ? outcome.error : undefined,
  });
};

export const refusalCode = async (call: Promise<unknown>): Promise<TableErrorCode> => (await refusal(call)).code;

/** The ends of all the shards now: what is written from here on is read after them. */
export const feedEnds = async (table: ScannableTable): Promise<Map<string, string | undefined>> => {
  const ends = new Map<string, string | undefined>();
  for (const { id } of await table.feed.shards()) ends.set(id, (await table.feed.read(id, 'latest', 1)).position);
  return ends;
};

/** Reads on from `ends` (changing it) until so many records of a partition have come, or ten seconds have gone. */
export const readRecords = async (
  table: ScannableTable,
  ends: Map<string, string | undefined>,
  partition: string,
  count: number,
  pageSize = 100,
): Promise<ChangeRecord[]> => {
  const found: ChangeRecord[] = [];
  for (let attempt = 0; attempt < 500 && found.length < count; attempt += 1) {
    for (const { id } of await table.feed.shards()) {
      if (ends.has(id) && ends.get(id) === undefined) continue;
      const after = ends.get(id);
      const page = await table.feed.read(id, after === undefined ? 'oldest' : { after }, pageSize);
      ends.set(id, page.position);
      found.push(...page.records.filter((record) => record.key.pk === partition));
    }
    if (found.length < count) await sleep(20);
  }
  return found;
};

/** Sets as sorted arrays and bytes as plain ones, so that values from different adapters compare by content. */
export const plain = (value: Value | undefined): unknown => {
  if (value instanceof Set) return { set: [...value].sort() };
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  }
  return value;
};
