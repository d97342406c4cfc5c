/**
 * D: the fan-out (INBOX-3 to INBOX-6). It replays the change feed into every participant's row. Each write holds a condition
 * on what the row has seen, so that replays, reordering and crashes at any point change nothing. It handles ciphertext only
 * and has no sealer to open it with (SEC-4).
 */
import type { Bus } from '#bus/port';
import { isIn, mayRead } from '#domain/membership';
import { tombstone } from '#domain/tombstone';
import {
  asStored,
  type ConversationItem,
  type EntryItem,
  type InboxRowItem,
  type Member,
  type ProfileItem,
} from '#store/items';
import type { Patterns, RowUpdate } from '#store/patterns';
import { folderChange } from '#store/positions';
import { isConditionFailed, TableError } from '#table/errors';
import type { ChangeRecord, Condition, Value } from '#table/port';
import { beginPlan, type ConversationPlan, type FanoutPlan, type PlannedEntry } from './fanout-plan.ts';
import { inParallel } from './in-parallel.ts';
import { ensureRow, nameOther } from './inbox-rows.ts';
import { type Memberships, memberOf } from './memberships.ts';

/** Rows updated at once, unless said otherwise: few beside DynamoDB's limits per partition. */
const rowsAtOnce = 64;
const conversationsAtOnce = 12;
const rowsPageLimit = 100;

/** A batch that is read page by page. */
export interface FanoutBatch {
  /** Items held for it: what it takes of memory, however many records it has. */
  readonly size: number;
  add(records: readonly ChangeRecord[]): void;
  /**
   * Resolves when all of it is in the rows. Rejects when some may not be: the batch is then to be read again.
   * @param rowsAtOnce how many rows are updated at once, asked before each; where a table is this process's own work, others
   *   wait behind them.
   */
  apply(rowsAtOnce?: () => number): Promise<void>;
}

export interface Fanout {
  /** Applies a whole batch; see `FanoutBatch`. */
  (records: readonly ChangeRecord[]): Promise<void>;
  /** A batch to be read, and then applied. */
  readonly begin: () => FanoutBatch;
}

/** What an update sets and removes, while it is put together. */
type Draft = { readonly set: Record<string, Value>; readonly remove: Record<string, true> };

/** Who has left is shown the title as it was then, whatever it is by now. */
const titleFor = (user: string, entry: EntryItem, conversation: ConversationItem): string | undefined =>
  isIn(memberOf(conversation, user)) ? conversation.title : entry.membership?.title;

/** @param folder false: the row stays in the folder that it is in. */
const rowChanges = (
  user: string,
  entry: EntryItem,
  conversation: ConversationItem,
  readSeq: number | undefined,
  folder: boolean,
): RowUpdate['changes'] => {
  const shown = entry.preview ?? entry.message;
  // One by one: under load this is half of the fan-out's own work, and each spread would cost as much as all of it.
  const { set, remove }: Draft = {
    set: {
      last_message_at: entry.created_at,
      last_user_uuid: entry.user_uuid,
      last_seq: entry.seq,
      last_rev: entry.rev ?? 0,
    },
    remove: {},
  };
  if (folder) set.inbox = folderChange(user, 'inbox').inbox;
  if (shown === undefined) remove.last_message = true;
  else set.last_message = shown;
  if (entry.change === undefined) remove.last_change = true;
  else set.last_change = entry.change;
  const title = titleFor(user, entry, conversation);
  if (title !== undefined) set.title = title;
  if (readSeq !== undefined) set.read_seq = readSeq;
  return { set, remove };
};

const below = (attribute: 'last_seq' | 'read_seq' | 'last_rev', value: number): Condition => ({
  attribute,
  is: '<',
  value,
});

/** An entry's newer text, or newer author, on a row that shows the entry, unless the row has a text newer still (INBOX-6). */
const revision = (entry: EntryItem): RowUpdate => {
  const shown = entry.preview ?? entry.message;
  const last_rev = entry.rev ?? 0;
  return {
    changes: {
      set: {
        last_rev,
        last_user_uuid: entry.user_uuid,
        ...(shown !== undefined && { last_message: shown }),
        ...(entry.change !== undefined && { last_change: entry.change }),
      },
      remove: { ...(shown === undefined && { last_message: true }) },
    },
    condition: { all: [{ attribute: 'last_seq', is: '=', value: entry.seq }, below('last_rev', last_rev)] },
  };
};

/** Everybody but the tombstone, which lists no conversations. */
const withRows = ({ members }: ConversationItem) =>
  members.filter((member) => member.user_uuid !== tombstone.user_uuid);

/** A row that is to be brought up to an entry. */
interface RowBehind {
  readonly user: string;
  readonly entry: PlannedEntry;
  /** What of the log the user has read by what these entries say, as long as their row shows less than `ifBelow`. */
  readonly read: { readonly upTo: number; readonly ifBelow: number } | undefined;
  readonly conversation: ConversationItem;
}

/** Writes of one row before the batch is given up and read again: each but the first answers a change of the user's own. */
const triesMax = 8;

/** The user set no mark that is about this seq, or about one after it; mostly there is none, and nothing is no more than it. */
const unmarked = (attribute: 'archived_seq' | 'unread_seq', value: number): Condition => ({
  not: { attribute, is: '>=', value },
});

/**
 * The write that brings a row up to an entry, each part of it under the condition that makes it right.
 * @param standing the row, where a write under all conditions was refused; it stays as it is in what the user has decided.
 */
const rowUpdate = (
  { user, read, conversation }: RowBehind,
  entry: EntryItem,
  standing: InboxRowItem | undefined,
): RowUpdate => {
  const { archived_seq = -1, unread_seq = -1, last_seq = -1, read_seq = -1 } = standing ?? {};
  const returns = archived_seq < entry.seq;
  const reads = read !== undefined && Math.max(last_seq, read_seq, unread_seq) < read.ifBelow;
  const conditions: Condition[] = [below('last_seq', reads ? read.ifBelow : entry.seq)];
  // Only the first time it comes by, and never backwards.
  if (reads) conditions.push(below('read_seq', read.ifBelow), unmarked('unread_seq', read.ifBelow));
  if (returns) conditions.push(unmarked('archived_seq', entry.seq));
  return {
    changes: rowChanges(user, entry, conversation, reads ? read.upTo : undefined, returns),
    condition: { all: conditions },
  };
};

const newestFirst = ({ entries }: ConversationPlan): PlannedEntry[] =>
  [...entries.values()].sort((a, b) => b.seq - a.seq);

/** The newest membership that entries were written under or brought. */
const membersSeqOf = (entries: readonly PlannedEntry[]): number =>
  entries.find((entry) => entry.membership !== undefined)?.seq ?? entries[0]?.members_seq ?? 0;

/** Everybody has read their own entries, and who joins has nothing to read up on: the unread count begins with their joining. */
const readBy = (member: Member, entries: readonly PlannedEntry[]): RowBehind['read'] => {
  const own = entries.find(({ seq, user_uuid }) => user_uuid === member.user_uuid && mayRead(member, seq))?.seq ?? 0;
  const joined = member.spans.at(-1)?.from ?? 0;
  // A batch may hold both: what they wrote, and their coming back after it.
  if (joined > own && entries.some(({ seq }) => seq === joined)) return { upTo: joined - 1, ifBelow: joined };
  return own > 0 ? { upTo: own, ifBelow: own } : undefined;
};

const rowsBehind = (conversation: ConversationItem, entries: readonly PlannedEntry[]): RowBehind[] => {
  const rows: RowBehind[] = [];
  for (const member of withRows(conversation)) {
    const user = member.user_uuid;
    const entry = entries.find(({ seq }) => mayRead(member, seq));
    if (entry === undefined) continue;
    rows.push({ user, entry, read: readBy(member, entries), conversation });
  }
  return rows;
};

export const createFanout = (deps: {
  readonly patterns: Patterns;
  readonly memberships: Memberships;
  readonly bus: Pick<Bus, 'publish'>;
  /** Told of each entry that was changed, and of each user whose profile was: caches follow. */
  readonly revised: (conversation: string, seq: number) => void;
  readonly profileChanged: (user: string) => void;
}): Fanout => {
  const { patterns, memberships, bus } = deps;

  const update = async (user: string, conversation: string, change: RowUpdate) => {
    try {
      const row = await patterns.updateMessageGroup(user, conversation, change);
      bus.publish({ type: 'conversation.updated', to: [user], body: row });
      return { done: true, standing: undefined };
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      return { done: false, standing: error.item && asStored<InboxRowItem>(error.item) };
    }
  };

  /**
   * Makes sure of a participant's row. It must not outlive its user: whoever was erased meanwhile has none, and where the
   * conversation still names them, their erasure is taken up again; the row tells it where (USER-5).
   */
  const makeRow = async (user: string, conversation: ConversationItem, listed: boolean): Promise<void> => {
    await ensureRow(patterns, user, conversation, listed);
    const profile = await patterns.getProfile(user, { consistent: true });
    if (profile?.status !== 'erased') return;
    const current = await patterns.getConversation(conversation.uuid);
    if (memberOf(current, user) === undefined) {
      await patterns.deleteInboxRow(user, conversation.uuid);
      return;
    }
    try {
      await patterns.createErasure({ type: 'erasure', user_uuid: user, begun_at: profile.created_at });
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
    }
  };

  /** Brings one participant's row up to an entry. */
  const bringUp = async (behind: RowBehind): Promise<void> => {
    const { user, conversation } = behind;
    const entry = behind.entry.whole;
    let attempt = await update(user, conversation.uuid, rowUpdate(behind, entry, undefined));
    if (!attempt.done && attempt.standing === undefined) {
      await makeRow(user, conversation, true);
      attempt = await update(user, conversation.uuid, rowUpdate(behind, entry, undefined));
    }
    // The user has read further, or set a mark of their own: what stands there says what is left to be done. Whoever was erased
    // meanwhile has no row.
    for (let tries = 0; !attempt.done && attempt.standing !== undefined; tries += 1) {
      if (attempt.standing.last_seq >= entry.seq) break;
      if (tries === triesMax) throw new TableError('throttled', 'a row changes faster than it can be brought up');
      attempt = await update(user, conversation.uuid, rowUpdate(behind, entry, attempt.standing));
    }
    // The row has this entry from an earlier try, but as it stood before it was changed.
    const { standing } = attempt;
    if (standing?.last_seq === entry.seq && standing.last_rev < (entry.rev ?? 0)) {
      await update(user, conversation.uuid, revision(entry));
    }
  };

  const applyEntries = async (plan: ConversationPlan): Promise<void> => {
    const entries = newestFirst(plan);
    if (entries.length === 0) return;
    const conversation = await memberships.atLeast(plan.conversation, membersSeqOf(entries));
    // A log without its entry 0 was erased as a whole.
    if (conversation === undefined) return;
    await inParallel(rowsBehind(conversation, entries), rowsAtOnce, bringUp);
  };

  /**
   * The rows that a conversation's new entries reach, when nothing has to be asked or done before: nearly all of a burst's.
   * Undefined otherwise.
   */
  const rowsAtHand = (plan: ConversationPlan): RowBehind[] | undefined => {
    if (plan.created !== undefined || plan.revised.size > 0 || plan.changed.size > 0) return undefined;
    const entries = newestFirst(plan);
    const conversation = memberships.known(plan.conversation);
    if (conversation === undefined || conversation.members_seq < membersSeqOf(entries)) return undefined;
    return rowsBehind(conversation, entries);
  };

  const applyRevised = async (conversationUuid: string, entry: EntryItem): Promise<void> => {
    // An entry that is not the newest is shown to those alone who left after it; one read tells, for all at once.
    const newer = (await patterns.getEntry(conversationUuid, entry.seq + 1)) !== undefined;
    const conversation = await memberships.atLeast(conversationUuid, entry.members_seq ?? 0);
    if (conversation === undefined) return;
    const readers = withRows(conversation).filter(
      (member) => mayRead(member, entry.seq) && !(newer && mayRead(member, entry.seq + 1)),
    );
    await inParallel(readers, rowsAtOnce, async ({ user_uuid }) => {
      await update(user_uuid, conversationUuid, revision(entry));
    });
  };

  const applyConversation = async (plan: ConversationPlan): Promise<void> => {
    const { created } = plan;
    for (const seq of plan.changed) deps.revised(plan.conversation, seq);
    if (created !== undefined) {
      await inParallel(created.members, rowsAtOnce, ({ user_uuid }) =>
        makeRow(user_uuid, created, created.kind === 'group' || user_uuid === created.created_by),
      );
    }
    await applyEntries(plan);
    for (const entry of plan.revised.values()) await applyRevised(plan.conversation, entry);
  };

  /** A new name reaches the rows of those who have a direct conversation with its bearer. */
  const applyRename = async ({ uuid }: ProfileItem): Promise<void> => {
    const profile = await patterns.getProfile(uuid, { consistent: true });
    if (profile === undefined) return;
    let start: Parameters<Patterns['listInboxRows']>[1]['start'];
    do {
      const page = await patterns.listInboxRows(uuid, { limit: rowsPageLimit, ...(start && { start }) });
      await inParallel(page.items, rowsAtOnce, async (row) => {
        const other = row.other_user_uuid;
        if (other === undefined) return;
        const changed = await nameOther(patterns, other, row.message_group_uuid, profile);
        if (changed !== undefined) bus.publish({ type: 'conversation.updated', to: [other], body: changed });
      });
      start = page.next;
    } while (start !== undefined);
  };

  const apply = async (plan: FanoutPlan, atOnce: number | (() => number) = rowsAtOnce): Promise<void> => {
    const rows: RowBehind[] = [];
    const others: ConversationPlan[] = [];
    for (const conversation of plan.conversations) {
      const known = rowsAtHand(conversation);
      if (known === undefined) others.push(conversation);
      else rows.push(...known);
    }
    await inParallel(rows, atOnce, bringUp);
    await inParallel(others, conversationsAtOnce, applyConversation);
    for (const { profile, renamed } of plan.profiles) {
      deps.profileChanged(profile.uuid);
      bus.publish({ type: 'user.changed', to: [profile.uuid], body: {} });
      if (renamed) await applyRename(profile);
    }
  };

  const begin = (): FanoutBatch => {
    const inProgress = beginPlan();
    return {
      get size() {
        return inProgress.size;
      },
      add: inProgress.add,
      apply: (atOnce) => apply(inProgress.plan(), atOnce),
    };
  };
  return Object.assign(
    async (records: readonly ChangeRecord[]) => {
      const batch = begin();
      batch.add(records);
      await batch.apply();
    },
    { begin },
  );
};
