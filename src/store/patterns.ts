/**
 * The whole of what the system ever asks of DynamoDB (TABLE-2): one function for each entry of the catalog. Every write is
 * one item, conditional where it could destroy, and safe to repeat (TABLE-3).
 */
import type {
  BatchWrite,
  CallOptions,
  Changes,
  Condition,
  QueryPosition,
  QueryRequest,
  SortCondition,
  Table,
} from '#table/port';
import { catalog, type PatternName } from './catalog.ts';
import type {
  AuditItem,
  BlockItem,
  BlockMarkItem,
  CheckpointItem,
  ConversationItem,
  DirectoryItem,
  EntryItem,
  ErasureItem,
  HandleItem,
  InboxRowItem,
  Membership,
  ProfileItem,
  ReceiptItem,
} from './items.ts';
import * as keys from './keys.ts';
import { createRequests, type Observe, type PatternUse } from './metered.ts';

export type { Observe, PatternUse } from './metered.ts';

const absent: Condition = { attribute: 'pk', is: 'absent' };
const present: Condition = { attribute: 'pk', is: 'present' };

/** How a page is read: at most `limit` items, from a position on. */
export interface PageOptions extends CallOptions {
  readonly limit: number;
  readonly start?: QueryPosition;
  /** Sees every write that was acknowledged before, for twice the cost. */
  readonly consistent?: boolean;
}

/** What pattern D changes on a row, and what it must find there. */
export interface RowUpdate {
  readonly changes: Changes;
  readonly condition: Condition;
}

/** Somebody's hold of a handle, as of a time. */
type Claim = Pick<HandleItem, 'handle' | 'user_uuid'> & Partial<Pick<HandleItem, 'claimed_at'>>;

/**
 * @param observe is told of every use, after it; it must not throw.
 * @param elapsed a monotonic clock in milliseconds.
 */
export const createPatterns = (table: Table, observe: Observe, elapsed: () => number) => {
  const { metered, get, getMany, put, update, remove, query } = createRequests(table, observe, elapsed);
  const logOf = (conversation: string, sk: SortCondition, limit: number) => ({
    pk: keys.conversationPartition(conversation),
    sk,
    limit,
  });
  const ofUser = (user: string, prefix: string, page: PageOptions): QueryRequest => ({
    pk: keys.userPartition(user),
    sk: ['begins_with', prefix],
    ascending: true,
    limit: page.limit,
    ...(page.start && { start: page.start }),
    ...(page.consistent === true && { consistent: true }),
  });
  const mine = (user: string): Condition => ({ attribute: 'user_uuid', is: '=', value: user });
  const theClaim = ({ user_uuid, claimed_at }: Claim): Condition => ({
    all: [
      mine(user_uuid),
      ...(claimed_at === undefined ? [] : [{ attribute: 'claimed_at', is: '=', value: claimed_at } as const]),
    ],
  });

  const patterns = {
    // A conversation's log.
    createConversation: (item: ConversationItem, call?: CallOptions) =>
      put('createConversation', keys.entryKey(item.uuid, 0), item, absent, call),
    getConversation: (conversation: string, call?: CallOptions) =>
      get<ConversationItem>('getConversation', keys.entryKey(conversation, 0), true, call),
    /** Carries a system entry's membership over to entry 0, unless a newer one stands there. */
    projectMembership: (conversation: string, membership: Membership, call?: CallOptions) =>
      update<ConversationItem>(
        'projectMembership',
        keys.entryKey(conversation, 0),
        { set: { ...membership } as unknown as NonNullable<Changes['set']> },
        { attribute: 'members_seq', is: '<', value: membership.members_seq },
        call,
      ),
    reviseConversation: (conversation: string, changes: Changes, condition: Condition, call?: CallOptions) =>
      update<ConversationItem>(
        'reviseConversation',
        keys.entryKey(conversation, 0),
        changes,
        { all: [present, condition] },
        call,
      ),
    /** C: entry n, if nothing stands at n (LOG-1). */
    appendEntry: (entry: EntryItem, call?: CallOptions) =>
      put('appendEntry', keys.entryKey(entry.message_group_uuid, entry.seq), entry, absent, call),
    /** From the head, or from below a seq, downwards; the last of all is entry 0. Consistent (LOG-3). */
    readTail: (conversation: string, below: number, limit: number, call?: CallOptions) =>
      query<EntryItem | ConversationItem>(
        'readTail',
        { ...logOf(conversation, ['<', keys.entrySortKey(below)], limit), consistent: true },
        call,
      ),
    readEntriesAfter: (conversation: string, seq: number, limit: number, call?: CallOptions) =>
      query<EntryItem>(
        'readEntriesAfter',
        { ...logOf(conversation, ['>', keys.entrySortKey(seq)], limit), ascending: true, consistent: true },
        call,
      ),
    /** A: the entries from `first` to `last`, both included, newest first. */
    listMessages: (conversation: string, first: number, last: number, page: PageOptions) =>
      query<EntryItem>(
        'listMessages',
        {
          ...logOf(conversation, ['between', keys.entrySortKey(first), keys.entrySortKey(last)], page.limit),
          consistent: page.consistent === true,
        },
        page,
      ),
    getEntry: (conversation: string, seq: number, call?: CallOptions) =>
      get<EntryItem>('getEntry', keys.entryKey(conversation, seq), true, call),
    reviseEntry: (conversation: string, seq: number, changes: Changes, condition: Condition, call?: CallOptions) =>
      update<EntryItem>('reviseEntry', keys.entryKey(conversation, seq), changes, { all: [present, condition] }, call),

    // Inbox rows.
    /** B: one folder of a user's conversations, newest first, through the index. */
    listConversations: (user: string, folder: 'inbox' | 'archive', page: PageOptions) =>
      query<InboxRowItem>(
        'listConversations',
        {
          index: 'inbox',
          inbox: keys.inboxPartition(user, folder),
          limit: page.limit,
          ...(page.start && { start: page.start }),
        },
        page,
      ),
    /** D: a new entry reaches a participant's row; the row exists. */
    updateMessageGroup: (user: string, conversation: string, change: RowUpdate, call?: CallOptions) =>
      update<InboxRowItem>(
        'updateMessageGroup',
        keys.rowKey(user, conversation),
        change.changes,
        { all: [present, change.condition] },
        call,
      ),
    createInboxRow: (row: InboxRowItem, call?: CallOptions) =>
      put('createInboxRow', keys.rowKey(row.user_uuid, row.message_group_uuid), row, absent, call),
    getInboxRow: (user: string, conversation: string, call?: CallOptions & { readonly consistent?: boolean }) =>
      get<InboxRowItem>('getInboxRow', keys.rowKey(user, conversation), call?.consistent === true, call),
    getInboxRows: (users: readonly string[], conversation: string, call?: CallOptions) =>
      getMany<InboxRowItem>(
        'getInboxRows',
        users.map((user) => keys.rowKey(user, conversation)),
        call,
      ),
    listInboxRows: (user: string, page: PageOptions) =>
      query<InboxRowItem>('listInboxRows', ofUser(user, keys.rowPrefix, page), page),
    changeInboxRow: (user: string, conversation: string, change: RowUpdate, call?: CallOptions) =>
      update<InboxRowItem>(
        'changeInboxRow',
        keys.rowKey(user, conversation),
        change.changes,
        { all: [present, change.condition] },
        call,
      ),
    deleteInboxRow: (user: string, conversation: string, call?: CallOptions) =>
      remove('deleteInboxRow', keys.rowKey(user, conversation), undefined, call),
    /** The blocks an erased user made, and the marks of those made on them; at most 25 at once. */
    deleteUserItems: async (
      user: string,
      gone: { readonly blocked?: readonly string[]; readonly blockers?: readonly string[] },
      call?: CallOptions,
    ) => {
      const writes: BatchWrite[] = [
        ...(gone.blocked ?? []).map((other) => ({ delete: keys.blockKey(user, other) })),
        ...(gone.blockers ?? []).map((other) => ({ delete: keys.blockMarkKey(user, other) })),
      ];
      if (writes.length === 0) return;
      await metered(
        'deleteUserItems',
        keys.profileKey(user),
        () => table.batchWrite(writes, call),
        () => writes.length,
      );
    },

    // People.
    createProfile: (profile: ProfileItem, call?: CallOptions) =>
      put('createProfile', keys.profileKey(profile.uuid), profile, absent, call),
    getProfile: (user: string, call?: CallOptions & { readonly consistent?: boolean }) =>
      get<ProfileItem>('getProfile', keys.profileKey(user), call?.consistent === true, call),
    getProfiles: (users: readonly string[], call?: CallOptions) =>
      getMany<ProfileItem>('getProfiles', users.map(keys.profileKey), call),
    changeProfile: (user: string, changes: Changes, condition: Condition, call?: CallOptions) =>
      update<ProfileItem>('changeProfile', keys.profileKey(user), changes, { all: [present, condition] }, call),
    /** Takes a handle that nobody has, that is the user's already, or whose claim `from` is known to stand for nothing. */
    claimHandle: (item: HandleItem, from: HandleItem | undefined, call?: CallOptions) =>
      put(
        'claimHandle',
        keys.handleKey(item.handle),
        item,
        { any: [absent, mine(item.user_uuid), ...(from === undefined ? [] : [theClaim(from)])] },
        call,
      ),
    getHandle: (handle: string, call?: CallOptions & { readonly consistent?: boolean }) =>
      get<HandleItem>('getHandle', keys.handleKey(handle), call?.consistent === true, call),
    /** Lets go of a handle as it was claimed: one that was claimed again since stays. Without a time: however it was. */
    releaseHandle: (claim: Claim, call?: CallOptions) =>
      remove('releaseHandle', keys.handleKey(claim.handle), theClaim(claim), call),
    putBlock: (block: BlockItem, call?: CallOptions) =>
      put('putBlock', keys.blockKey(block.user_uuid, block.blocked_user_uuid), block, undefined, call),
    deleteBlock: (user: string, other: string, call?: CallOptions) =>
      remove('deleteBlock', keys.blockKey(user, other), undefined, call),
    getBlock: (user: string, other: string, call?: CallOptions & { readonly consistent?: boolean }) =>
      get<BlockItem>('getBlock', keys.blockKey(user, other), call?.consistent === true, call),
    listBlocks: (user: string, page: PageOptions) =>
      query<BlockItem>('listBlocks', ofUser(user, keys.blockPrefix, page), page),

    putBlockMark: (mark: BlockMarkItem, call?: CallOptions) =>
      put('putBlockMark', keys.blockMarkKey(mark.user_uuid, mark.blocker_uuid), mark, undefined, call),
    deleteBlockMark: (user: string, blocker: string, call?: CallOptions) =>
      remove('deleteBlockMark', keys.blockMarkKey(user, blocker), undefined, call),
    listBlockMarks: (user: string, page: PageOptions) =>
      query<BlockMarkItem>('listBlockMarks', ofUser(user, keys.blockMarkPrefix, { ...page, consistent: true }), page),
    putDirectoryEntry: (user: string, call?: CallOptions) =>
      put('putDirectoryEntry', keys.directoryKey(user), { type: 'directory', user_uuid: user }, undefined, call),
    /** Users by uuid, those after `user`, of the digit that `user` begins with. */
    listDirectory: (user: string, limit: number, call?: CallOptions) =>
      query<DirectoryItem>(
        'listDirectory',
        { pk: keys.directoryPartition(user.slice(0, 1)), sk: ['>', user], ascending: true, limit },
        call,
      ),
    deleteDirectoryEntry: (user: string, call?: CallOptions) =>
      remove('deleteDirectoryEntry', keys.directoryKey(user), undefined, call),

    // The life cycle: erasures under way, their receipts, operators' acts.
    createErasure: (erasure: ErasureItem, call?: CallOptions) =>
      put('createErasure', keys.erasureKey(erasure.user_uuid), erasure, absent, call),
    listErasures: (page: PageOptions) =>
      query<ErasureItem>(
        'listErasures',
        {
          pk: keys.erasuresPartition,
          ascending: true,
          consistent: true,
          limit: page.limit,
          ...(page.start && { start: page.start }),
        },
        page,
      ),
    changeErasure: (user: string, changes: Changes, condition: Condition, call?: CallOptions) =>
      update<ErasureItem>('changeErasure', keys.erasureKey(user), changes, { all: [present, condition] }, call),
    finishErasure: (user: string, owner: string, call?: CallOptions) =>
      remove('finishErasure', keys.erasureKey(user), { attribute: 'owner', is: '=', value: owner }, call),
    putReceipt: (receipt: ReceiptItem, call?: CallOptions) =>
      put('putReceipt', keys.receiptKey(receipt.id), receipt, undefined, call),
    getReceipt: (id: string, call?: CallOptions) => get<ReceiptItem>('getReceipt', keys.receiptKey(id), true, call),
    addAuditEntry: (entry: AuditItem, call?: CallOptions) =>
      put('addAuditEntry', keys.auditKey(entry.at, `${entry.act_id}#${entry.result}`), entry, absent, call),
    /** A month's entries, as in `2026-11`, newest first. */
    listAudit: (month: string, page: PageOptions) =>
      query<AuditItem>(
        'listAudit',
        { pk: keys.auditPartition(month), limit: page.limit, ...(page.start && { start: page.start }) },
        page,
      ),

    // The fan-out's place in the change feed.
    getCheckpoint: (consumer: string, shard: string, call?: CallOptions) =>
      get<CheckpointItem>('getCheckpoint', keys.checkpointKey(consumer, shard), true, call),
    putCheckpoint: (consumer: string, shard: string, changes: Changes, condition?: Condition, call?: CallOptions) =>
      update<CheckpointItem>('putCheckpoint', keys.checkpointKey(consumer, shard), changes, condition, call),
  } satisfies Record<PatternName, unknown>;
  return {
    ...patterns,
    /** Notes that the entries from `first` to `last` came from a cache: a use of pattern A that cost nothing. */
    cachedMessages: (conversation: string, first: number, last: number, items: number): void => {
      const request = logOf(conversation, ['between', keys.entrySortKey(first), keys.entrySortKey(last)], items);
      const capacity = { read: 0, write: 0 };
      observe({ pattern: 'listMessages', request, items, capacity, ms: 0, failed: false, cached: true });
    },
  };
};

export type Patterns = ReturnType<typeof createPatterns>;

/** The catalog's line for a use, for the Lens and the command line: the names, and the key condition with its values. */
export const describeUse = (
  use: PatternUse,
): { operation: string; index?: string; letter?: string; condition: string } => {
  const entry: { operation: string; index?: string; letter?: string } = catalog[use.pattern];
  const { request } = use;
  const quoted = (value: string) => `"${value}"`;
  const range = (name: string, sort: SortCondition | undefined) => {
    if (sort === undefined) return '';
    const [operator, value, upper] = sort;
    if (operator === 'between') return ` AND ${name} BETWEEN ${quoted(value)} AND ${quoted(upper)}`;
    if (operator === 'begins_with') return ` AND begins_with(${name}, ${quoted(value)})`;
    return ` AND ${name} ${operator} ${quoted(value)}`;
  };
  const condition =
    'index' in request && request.index !== undefined
      ? `inbox = ${quoted(request.inbox)}${range('last_message_at', request.last_message_at)}`
      : typeof request.sk === 'string'
        ? `pk = ${quoted(request.pk)} AND sk = ${quoted(request.sk)}`
        : `pk = ${quoted(request.pk)}${range('sk', request.sk)}`;
  return {
    operation: entry.operation,
    ...(entry.index !== undefined && { index: entry.index }),
    ...(entry.letter !== undefined && { letter: entry.letter }),
    condition,
  };
};
