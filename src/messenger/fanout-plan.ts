/**
 * What a batch of change records asks of the inboxes: pure, so that coalescing (INBOX-4) can be seen and tested without a
 * table. Records of rows, handles, blocks and checkpoints ask nothing.
 */
import { asStored, type ConversationItem, type EntryItem, type ProfileItem, type StoredItem } from '#store/items';
import { isNews } from '#store/positions';
import type { ChangeRecord } from '#table/port';

/** What a batch says of one conversation. */
export interface ConversationPlan {
  readonly conversation: string;
  /** Entry 0, when it was created in this batch. */
  readonly created?: ConversationItem;
  /** New entries by seq, each as it last stands in the batch. */
  readonly entries: ReadonlyMap<number, EntryItem>;
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
  readonly entries: Map<number, EntryItem>;
  readonly revised: Map<number, EntryItem>;
  readonly changed: Set<number>;
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

/** @param records of one or more shards, each item's in the order they were made. */
export const planFanout = (records: readonly ChangeRecord[]): FanoutPlan => {
  const drafts = new Map<string, Draft>();
  const profiles = new Map<string, { profile: ProfileItem; renamed: boolean }>();
  const draftOf = (conversation: string): Draft => {
    const draft = drafts.get(conversation) ?? { entries: new Map(), revised: new Map(), changed: new Set() };
    drafts.set(conversation, draft);
    return draft;
  };

  for (const record of records) {
    // By the key first: the rows' own records, most of the feed, are not even decoded.
    if (!isNews(record)) continue;
    const { kind, before, after } = record;
    if (after === undefined) continue;
    const item = asStored<StoredItem>(after);
    if (item.type === 'message') {
      const draft = draftOf(item.message_group_uuid);
      if (kind === 'modify') draft.changed.add(item.seq);
      if (kind === 'insert' || draft.entries.has(item.seq)) draft.entries.set(item.seq, item);
      else if (showsDifferently(before && asStored<EntryItem>(before), item)) draft.revised.set(item.seq, item);
    } else if (item.type === 'conversation' && kind === 'insert') {
      draftOf(item.uuid).created = item;
    } else if (item.type === 'profile' && before !== undefined) {
      const old = asStored<ProfileItem>(before);
      const renamed = old.display_name !== item.display_name || old.handle !== item.handle;
      const earlier = profiles.get(item.uuid);
      if (renamed || old.status !== item.status) {
        profiles.set(item.uuid, { profile: item, renamed: renamed || earlier?.renamed === true });
      }
    }
  }
  return {
    conversations: [...drafts].map(([conversation, draft]) => ({ conversation, ...draft })),
    profiles: [...profiles.values()],
  };
};
