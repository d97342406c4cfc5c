/**
 * What a batch of change records asks of the inboxes: pure, so that coalescing (INBOX-4) can be seen and tested without a
 * table. Records of rows, handles, blocks and checkpoints ask nothing.
 */
import { asStored, type ConversationItem, type EntryItem, type ProfileItem, type StoredItem } from '#store/items';
import { isNews } from '#store/positions';
import type { ChangeRecord, Item, KeptImage } from '#table/port';

/** A new entry, of which no more is held than tells whose rows it reaches, where the rest can be read again for nothing. */
export class PlannedEntry {
  readonly seq: number;
  readonly user_uuid: string;
  readonly members_seq: number | undefined;
  readonly membership: EntryItem['membership'];
  private held: EntryItem | undefined;
  private readonly image: KeptImage;

  constructor(after: Item, record: ChangeRecord) {
    const item = asStored<EntryItem>(after);
    this.seq = item.seq;
    this.user_uuid = item.user_uuid;
    this.members_seq = item.members_seq;
    this.membership = item.membership;
    this.image = record.keep?.() ?? { read: () => after };
  }

  /** All of it. Throws `unavailable` when the feed has it no more. */
  get whole(): EntryItem {
    this.held ??= asStored<EntryItem>(this.image.read());
    return this.held;
  }
}

/** What a batch says of one conversation. */
export interface ConversationPlan {
  readonly conversation: string;
  /** Entry 0, when it was created in this batch. */
  readonly created?: ConversationItem;
  /** New entries by seq, each as it last stands in the batch. */
  readonly entries: ReadonlyMap<number, PlannedEntry>;
  /** Entries not new in this batch whose text or author changed or went; each as it last stands. */
  readonly revised: ReadonlyMap<number, EntryItem>;
  /** The seqs of all entries that changed in any way after they were written: what caches hold of them is old. */
  readonly changed: ReadonlySet<number>;
}

export interface FanoutPlan {
  readonly conversations: readonly ConversationPlan[];
  /** Profiles whose name or status changed, each as it last stands. */
  readonly profiles: readonly { readonly profile: ProfileItem; readonly renamed: boolean }[];
}

interface Draft {
  created?: ConversationItem;
  readonly entries: Map<number, PlannedEntry>;
  readonly revised: Map<number, EntryItem>;
  readonly changed: Set<number>;
  /** The lowest seq that was new in this batch. */
  first: number;
  /** The newest entry of each author, by its seq. */
  readonly newest: Map<string, number>;
}

/** Whom a system entry says it happened to; an erasure changes it. */
const subjectOf = ({ change }: EntryItem): string | undefined =>
  change !== undefined && 'user_uuid' in change ? change.user_uuid : undefined;

const showsDifferently = (before: EntryItem | undefined, after: EntryItem): boolean =>
  before?.message !== after.message ||
  before?.preview !== after.preview ||
  before?.deleted_at !== after.deleted_at ||
  before?.user_uuid !== after.user_uuid ||
  subjectOf(before) !== subjectOf(after);

/** A batch while it is being read. */
export interface PlanInProgress {
  /** Items held: what the batch takes of memory, however many records it has. */
  readonly size: number;
  /** @param records of one or more shards, each item's in the order they were made. */
  add(records: readonly ChangeRecord[]): void;
  plan(): FanoutPlan;
}

/**
 * Of a conversation's entries those are kept that a row may come to show, or that mark one as read: each author's newest, and
 * those that change who is in it. Whoever may read an older one may read one of these, because whoever left or joined in
 * between did so by an entry that is kept.
 */
const keepEntry = (draft: Draft, entry: PlannedEntry): void => {
  const { entries, newest } = draft;
  const before = newest.get(entry.user_uuid);
  if (before !== undefined && before > entry.seq && entry.membership === undefined) return;
  if (before !== undefined && before < entry.seq && entries.get(before)?.membership === undefined)
    entries.delete(before);
  if (before === undefined || before < entry.seq) newest.set(entry.user_uuid, entry.seq);
  entries.set(entry.seq, entry);
};

export const beginPlan = (): PlanInProgress => {
  const drafts = new Map<string, Draft>();
  const profiles = new Map<string, { profile: ProfileItem; renamed: boolean }>();
  let held = 0;
  const draftOf = (conversation: string): Draft => {
    let draft = drafts.get(conversation);
    if (draft === undefined) {
      draft = {
        entries: new Map(),
        revised: new Map(),
        changed: new Set(),
        first: Number.POSITIVE_INFINITY,
        newest: new Map(),
      };
      drafts.set(conversation, draft);
    }
    return draft;
  };

  const addEntry = (record: ChangeRecord, after: Item): void => {
    const item = asStored<EntryItem>(after);
    const draft = draftOf(item.message_group_uuid);
    const before = draft.entries.size + draft.revised.size + draft.changed.size;
    if (record.kind === 'modify') draft.changed.add(item.seq);
    if (record.kind === 'insert') {
      draft.first = Math.min(draft.first, item.seq);
      keepEntry(draft, new PlannedEntry(after, record));
    } else if (draft.entries.has(item.seq)) draft.entries.set(item.seq, new PlannedEntry(after, record));
    else if (item.seq < draft.first) {
      const old = record.before;
      if (showsDifferently(old && asStored<EntryItem>(old), item)) draft.revised.set(item.seq, item);
    }
    held += draft.entries.size + draft.revised.size + draft.changed.size - before;
  };

  const addProfile = (item: ProfileItem, before: ProfileItem): void => {
    const renamed = before.display_name !== item.display_name || before.handle !== item.handle;
    const earlier = profiles.get(item.uuid);
    if (!renamed && before.status === item.status) return;
    if (earlier === undefined) held += 1;
    profiles.set(item.uuid, { profile: item, renamed: renamed || earlier?.renamed === true });
  };

  return {
    get size() {
      return held;
    },
    add: (records) => {
      for (const record of records) {
        // By the key first: the rows' own records, most of the feed, are not even decoded.
        if (!isNews(record)) continue;
        const { kind, before, after } = record;
        if (after === undefined) continue;
        const item = asStored<StoredItem>(after);
        if (item.type === 'message') addEntry(record, after);
        else if (item.type === 'conversation' && kind === 'insert') {
          draftOf(item.uuid).created = item;
          held += 1;
        } else if (item.type === 'profile' && before !== undefined) addProfile(item, asStored<ProfileItem>(before));
      }
    },
    plan: () => ({
      conversations: [...drafts].map(([conversation, draft]) => ({ conversation, ...draft })),
      profiles: [...profiles.values()],
    }),
  };
};
