/**
 * The port `Table`: DynamoDB's own model in types, and its boundaries with it.
 *
 * What an adapter promises: a resolved write is durable; a condition and its write are one atomic step on one item; a
 * consistent read sees every write that resolved before it began; the feed yields each item's changes in the order they
 * were made, at least once. What a caller owes: a rejected write whose error says `outcome: 'unknown'` may have happened;
 * the caller settles it by reading, or by repeating a write that is safe to repeat. Adapters retry throttling and passing
 * faults themselves, within the call's deadline; callers do not retry again.
 */
import type { indexes } from './schema.ts';

/** A value as DynamoDB stores it. Numbers are IEEE doubles inside DynamoDB's range; a string set is never empty. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | ReadonlySet<string>
  | readonly Value[]
  | { readonly [name: string]: Value };

/** A primary key. pk: 1–2,048 bytes of UTF-8; sk: 1–1,024 bytes. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** An item: its key and its attributes. At most 400 KB by DynamoDB's arithmetic (see capacity.ts). */
export type Item = Key & { readonly [name: string]: Value };

/** A range on a sort key; one per query (DynamoDB's own limit). `between` includes both ends. */
export type SortCondition =
  | readonly ['=' | '<' | '<=' | '>' | '>=' | 'begins_with', string]
  | readonly ['between', string, string];

/** What must hold of the stored item for a write to happen, evaluated atomically with it. */
export type Condition =
  | { readonly attribute: string; readonly is: 'absent' | 'present' }
  | { readonly attribute: string; readonly is: '=' | '<>' | '<' | '<=' | '>' | '>='; readonly value: Value }
  | { readonly attribute: string; readonly is: 'contains'; readonly value: string }
  | { readonly attribute: string; readonly is: 'size<'; readonly value: number }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition };

/** Attributes by name, but never a key: a key is never updated (BOUND-3). */
export type Attributes<V = Value> = { readonly [name: string]: V } & { readonly pk?: never; readonly sk?: never };

/** What an update does to an item; an item that is absent is created by it (guard with a condition where it must not). */
export interface Changes {
  readonly set?: Attributes;
  /** Sets only what the stored item does not have yet (`if_not_exists`). */
  readonly setIfAbsent?: Attributes;
  /** Adds to a number (absent counts as 0) or to a string set (absent counts as empty). */
  readonly add?: Attributes<number | ReadonlySet<string>>;
  /** Takes members out of a string set; a set left empty is removed. */
  readonly deleteFrom?: Attributes<ReadonlySet<string>>;
  readonly remove?: Attributes<true>;
}

/** How long a call may take. `deadline` is in milliseconds since the epoch, by the clock the adapter was given. */
export interface CallOptions {
  readonly deadline?: number;
  /**
   * What is read changes, if ever, only by what its reader will hear of: an adapter that has a cache may answer from it, also
   * where the request says `consistent`. Adapters without one pass it over.
   */
  readonly settled?: boolean;
}

export interface GetRequest {
  readonly key: Key;
  /** A consistent read costs twice as much (1 unit per 4 KB, not a half). */
  readonly consistent?: boolean;
}

export interface PutRequest {
  readonly item: Item;
  readonly condition?: Condition;
}

export interface UpdateRequest {
  readonly key: Key;
  readonly changes: Changes;
  readonly condition?: Condition;
}

export interface DeleteRequest {
  readonly key: Key;
  readonly condition?: Condition;
}

interface QueryOptions {
  /** At most this many items are evaluated; a page also ends at 1 MB. */
  readonly limit?: number;
  /** `true` reads the sort key upwards; the default is downwards, newest first. */
  readonly ascending?: boolean;
  /** Where to go on: `next` of the page before, exactly as it was returned. */
  readonly start?: QueryPosition;
}

/** A query of the table: one partition key, by equality, and at most one range on its sort key. */
export interface PrimaryQuery extends QueryOptions {
  readonly index?: never;
  readonly pk: string;
  readonly sk?: SortCondition;
  readonly consistent?: boolean;
}

/** A query of an index: the same rules on the index's own key. An index has no consistent reads. */
export type IndexQuery = {
  [Name in keyof typeof indexes]: QueryOptions & {
    readonly index: Name;
    readonly consistent?: never;
  } & { readonly [P in (typeof indexes)[Name]['partitionKey']]: string } & {
    readonly [S in (typeof indexes)[Name]['sortKey']]?: SortCondition;
  };
}[keyof typeof indexes];

export type QueryRequest = PrimaryQuery | IndexQuery;

/** DynamoDB's LastEvaluatedKey: the table's key, and the index's key for a page of an index. */
export type QueryPosition = Key & { readonly [name: string]: string };

/** Units consumed: write units of 1 KB, read units of 4 KB; index writes included in `write`. */
export interface Capacity {
  readonly read: number;
  readonly write: number;
}

export interface GetResult {
  readonly item: Item | undefined;
  readonly capacity: Capacity;
}

export interface WriteResult {
  readonly capacity: Capacity;
}

export interface UpdateResult {
  /** The item as it stands after the update (`ALL_NEW`). */
  readonly item: Item;
  readonly capacity: Capacity;
}

export interface QueryResult {
  readonly items: readonly Item[];
  /** Present when more may follow. */
  readonly next?: QueryPosition;
  readonly capacity: Capacity;
}

export interface BatchGetResult {
  /** Those that exist, in no order. */
  readonly items: readonly Item[];
  readonly capacity: Capacity;
}

/** One write of a batch. A batch is not a transaction: each stands alone, and none has a condition. */
export type BatchWrite = { readonly put: Item } | { readonly delete: Key };

export interface ScanResult {
  readonly items: readonly Item[];
  readonly next?: QueryPosition;
  readonly capacity: Capacity;
}

/** One change of one item, as a DynamoDB stream with NEW_AND_OLD_IMAGES gives it. */
export interface ChangeRecord {
  /** Where the record stands in its shard; opaque, but ordered within the shard. */
  readonly position: string;
  readonly kind: 'insert' | 'modify' | 'remove';
  readonly key: Key;
  /** Both throw `invalid` where another program stored what the port has no value for; the rest of the page is whole. */
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** When the change was made, in milliseconds since the epoch (a stream's precision is about a second). */
  readonly at: number;
  /**
   * For whoever has read `after` and will need it once more, much later: what it holds in memory meanwhile is let go of. Absent
   * where a record cannot be read again for nothing.
   */
  keep?(): KeptImage;
}

/** A record's `after`, while only its place is held. */
export interface KeptImage {
  /** Reads it; throws `unavailable` when the feed has it no more. */
  read(): Item;
}

export interface FeedShard {
  readonly id: string;
  /** A child is to be read only after its parent has ended, or an item's changes could be seen out of order. */
  readonly parent?: string;
}

export interface FeedPage {
  readonly records: readonly ChangeRecord[];
  /** Give this as `after` for the next read; `undefined` when the shard has ended and was read to its end. */
  readonly position: string | undefined;
}

/** Where in a shard to begin: after a position, at the oldest record kept (24 hours), or with what comes from now on. */
export type FeedStart = { readonly after: string } | 'oldest' | 'latest';

/** Records of one shard as they come out of a commit, with none between them. */
export interface FreshRecords {
  readonly shard: string;
  /** The position before the first of them. */
  readonly after: string;
  /** That of the last. */
  readonly position: string;
  readonly records: readonly ChangeRecord[];
}

/** The change feed. Records are kept for 24 hours; a position trimmed away is read from the oldest kept. */
export interface ChangeFeed {
  shards(call?: CallOptions): Promise<readonly FeedShard[]>;
  /** At most `limit` records (up to 1,000). An empty page is normal; wait before asking again. */
  read(shard: string, start: FeedStart, limit: number, call?: CallOptions): Promise<FeedPage>;
  /**
   * Calls back soon after a change is committed where the adapter can know it; a hint, never a promise: poll as well. An adapter
   * that has the records in hand gives them along: whoever has read up to `after` need not read them.
   */
  onChange(listener: (fresh?: FreshRecords) => void): () => void;
  /** Milliseconds to leave between two reads of a shard where its reads are rationed; absent: they are not. */
  readonly readEveryMs?: number;
}

export interface Table {
  readonly name: string;
  get(request: GetRequest, call?: CallOptions): Promise<GetResult>;
  put(request: PutRequest, call?: CallOptions): Promise<WriteResult>;
  update(request: UpdateRequest, call?: CallOptions): Promise<UpdateResult>;
  delete(request: DeleteRequest, call?: CallOptions): Promise<WriteResult>;
  query(request: QueryRequest, call?: CallOptions): Promise<QueryResult>;
  /** At most 100 keys, no key twice; unprocessed keys are asked for again by the adapter. */
  batchGet(keys: readonly Key[], consistent?: boolean, call?: CallOptions): Promise<BatchGetResult>;
  /** At most 25 writes, no key twice; unprocessed writes are repeated by the adapter. */
  batchWrite(writes: readonly BatchWrite[], call?: CallOptions): Promise<WriteResult>;
  readonly feed: ChangeFeed;
  /** Lets go of files and sockets. What was accepted before is finished first. */
  close(): Promise<void>;
}

/** What only operators' tools may do: read everything. No access pattern uses it (TABLE-2). */
export interface ScannableTable extends Table {
  scan(request: { readonly limit?: number; readonly start?: QueryPosition }, call?: CallOptions): Promise<ScanResult>;
}
