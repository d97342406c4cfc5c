/** The items of the table (SPEC, TABLE), as they are stored. Times are ISO 8601 in
 * milliseconds with `Z`; texts are sealed. Their keys are added by `patterns.ts`; no other room knows them.
 */
import type { Item } from '#table/port';

/** When a member was in a group: from the seq of joining to the seq of leaving, both readable; still in it without `to`. */
export interface MemberSpan {
  readonly from: number;
  readonly to?: number;
}

/** Somebody who is, or was, in a conversation. A direct conversation has two, each with the one span {from: 0}. */
export interface Member {
  readonly user_uuid: string;
  readonly spans: readonly MemberSpan[];
}

/** What the members and the title of a conversation are as of one seq; the newest such entry of the log holds the truth. */
export interface Membership {
  readonly members_seq: number;
  readonly members: readonly Member[];
  readonly title?: string;
}

/** Entry 0 of a conversation's log. Its membership follows the log's newest system entry (a projection, repaired by the fan-out). */
export type ConversationItem = Membership & {
  readonly type: 'conversation';
  readonly uuid: string;
  readonly kind: 'direct' | 'group';
  readonly created_by: string;
  readonly created_at: string;
  /** Drawn for each put: whoever finds the item there knows by it whether that put was their own. */
  readonly nonce?: string;
};

/** What a system entry says happened. */
export type MembershipChange =
  | { readonly act: 'added' | 'removed' | 'left'; readonly user_uuid: string }
  | { readonly act: 'created' | 'renamed' };

/** Entry n ≥ 1 of a conversation's log. */
export type EntryItem = {
  readonly type: 'message';
  readonly kind: 'text' | 'system';
  readonly message_group_uuid: string;
  readonly seq: number;
  readonly uuid: string;
  readonly user_uuid: string;
  readonly display_name: string;
  readonly handle: string;
  /** Sealed text; absent on a tombstone and on a system entry. */
  readonly message?: string;
  /** Sealed beginning of a long text, for inbox rows; absent when `message` itself is short enough to be copied. */
  readonly preview?: string;
  readonly created_at: string;
  readonly edited_at?: string;
  readonly deleted_at?: string;
  readonly reply_to?: number;
  /** `<emoji> <user uuid>` each: one per user and emoji, added and removed without reading. */
  readonly reactions?: ReadonlySet<string>;
  /** Counts edits, deletion and reactions, so that an inbox row never goes back to an older text. */
  readonly rev?: number;
  /** The seq of the system entry whose membership this entry was written under; absent: 0, as created. */
  readonly members_seq?: number;
  readonly change?: MembershipChange;
  /** On a system entry: the whole membership that holds from here on. */
  readonly membership?: Membership;
};

/** One user's view of one conversation. Without `inbox` it is in no index: a direct conversation nobody has written in yet. */
export type InboxRowItem = {
  readonly type: 'inbox_row';
  readonly user_uuid: string;
  readonly message_group_uuid: string;
  readonly kind: 'direct' | 'group';
  readonly inbox?: string;
  readonly title?: string;
  readonly other_user_uuid?: string;
  readonly other_user_display_name?: string;
  readonly other_user_handle?: string;
  /** Which of the other one's names these are. */
  readonly other_user_rev?: number;
  /** The sealed preview of the newest entry, as its writer sealed it; absent when there is none to show. */
  readonly last_message?: string;
  readonly last_message_at: string;
  /** Whose entry it is: with the seq and the conversation, the place the preview was sealed for. */
  readonly last_user_uuid?: string;
  readonly last_change?: MembershipChange;
  readonly last_seq: number;
  readonly last_rev: number;
  readonly read_seq: number;
  readonly muted: boolean;
  /** Where the log ended when the user archived it, and when they marked it as unread: what it had then undoes neither. */
  readonly archived_seq?: number;
  readonly unread_seq?: number;
};

/** A user. `status` decides whether requests of theirs are served. */
export type ProfileItem = {
  readonly type: 'profile';
  readonly uuid: string;
  readonly handle: string;
  readonly display_name: string;
  readonly status: 'active' | 'disabled' | 'erasing' | 'erased';
  /** Counts changes of the handle and the display name, so that no row goes back to an older one. */
  readonly name_rev?: number;
  readonly created_at: string;
  /** Of an erased user, whose names are the tombstone's: in seconds since the epoch, past the last token of theirs. */
  readonly expires_at?: number;
};

/** Who has a handle: the lock that makes it unique. */
export type HandleItem = {
  readonly type: 'handle';
  readonly handle: string;
  readonly user_uuid: string;
  readonly claimed_at: string;
};

/** `user_uuid` takes no direct messages from `blocked_user_uuid`. */
export type BlockItem = {
  readonly type: 'block';
  readonly user_uuid: string;
  readonly blocked_user_uuid: string;
  readonly created_at: string;
};

/** The other side of a block, in the blocked one's partition: what an erasure finds blocks on somebody by. */
export type BlockMarkItem = {
  readonly type: 'block_mark';
  readonly user_uuid: string;
  readonly blocker_uuid: string;
};

/** That there is such a user, for operators' lists. */
export type DirectoryItem = {
  readonly type: 'directory';
  readonly user_uuid: string;
};

/** What an erasure did so far, at the least: what a crash hid is not counted. */
export interface ErasureCounts {
  readonly keys_deleted?: number;
  readonly conversations_left?: number;
  readonly messages_erased?: number;
  /** Entries of others in which a reaction, a change or a membership named the user. */
  readonly mentions_erased?: number;
  readonly rows_changed?: number;
  readonly blocks_deleted?: number;
}

/** An erasure that is not done (USER-5). It is gone when the user is. */
export type ErasureItem = ErasureCounts & {
  readonly type: 'erasure';
  readonly user_uuid: string;
  readonly begun_at: string;
  /** Since when requests of the user are refused, in milliseconds since the epoch. */
  readonly refused_since?: number;
  /** True once everything that stood there at the refusal has been gone through. */
  readonly swept?: boolean;
  /** The id of the receipt to come. */
  readonly receipt?: string;
  readonly owner?: string;
  readonly lease_until?: number;
};

/** That somebody was erased, when, and how much that was; not who. */
export type ReceiptItem = ErasureCounts & {
  readonly type: 'receipt';
  readonly id: string;
  readonly erased_at: string;
};

/** One act of an operator, begun or ended. Entries are added, never changed. */
export type AuditItem = {
  readonly type: 'audit';
  /** The same for the entry of an act's beginning and the one of its end. */
  readonly act_id: string;
  readonly at: string;
  /** Who acted, as they are known on the machine they acted from, or as they said. */
  readonly by: string;
  readonly act: string;
  /** A fingerprint of the uuid of whom it concerned, so that the entry outlives them without naming them. */
  readonly subject?: string;
  /** `begun`, `done`, `failed: ` and the code of the error, or `cut off: ` and by what. */
  readonly result: string;
};

/**
 * How far a consumer of the change feed has come in a shard, and who reads it. A lease has no time in it, because the clocks
 * of nodes differ: its holder counts it up, and whoever sees it stand still for long enough, by their own clock, takes it over.
 */
export type CheckpointItem = {
  readonly type: 'checkpoint';
  readonly consumer: string;
  readonly shard: string;
  /** Everything up to here is applied; absent: nothing yet. */
  readonly position?: string;
  /** Who reads the shard; absent when nobody does. */
  readonly owner?: string;
  /** Counts every claim and every renewal of this lease, whoever made it. */
  readonly lease?: number;
  /** The shard has ended and all of it is applied. */
  readonly done?: boolean;
  /** Seconds since the epoch: a shard that has ended is forgotten some time after its records are. */
  readonly expires_at?: number;
};

export type StoredItem =
  | ConversationItem
  | EntryItem
  | InboxRowItem
  | ProfileItem
  | HandleItem
  | BlockItem
  | BlockMarkItem
  | DirectoryItem
  | ErasureItem
  | ReceiptItem
  | AuditItem
  | CheckpointItem;

/** Reads an item as one of ours: whoever asks for a key knows the type that stands there. */
export const asStored = <T extends StoredItem>(item: Item): T => item as unknown as T;
