/** What the use cases answer with: the wire's own columns, opened. Structurally the shapes of the HTTP contract. */
import type { UnreadableReason } from '#crypto/port';
import type { ConversationUuid } from '#domain/ids';

export interface UserView {
  readonly uuid: string;
  readonly handle: string;
  readonly display_name: string;
  readonly created_at: string;
}

export interface PublicUserView {
  readonly uuid: string;
  readonly handle: string;
  readonly display_name: string;
}

export interface MessageView {
  readonly uuid: string;
  readonly seq: number;
  readonly message_group_uuid: string;
  readonly kind: 'text' | 'system';
  readonly user_uuid: string;
  readonly handle: string;
  readonly display_name: string;
  /** Absent on a tombstone, and where the stored text does not open (`unreadable` says why). */
  readonly message?: string;
  readonly created_at: string;
  readonly edited_at?: string;
  readonly deleted_at?: string;
  readonly reply_to?: number;
  readonly reactions?: Readonly<Record<string, string[]>>;
  /** Counts edits, deletion and reactions: of two versions of a message, the higher is the newer. */
  readonly rev?: number;
  readonly unreadable?: UnreadableReason;
}

export interface RowView {
  readonly uuid: string;
  readonly kind: 'direct' | 'group';
  readonly title?: string;
  readonly other_user_uuid?: string;
  readonly other_user_handle?: string;
  readonly other_user_display_name?: string;
  readonly last_message: string;
  readonly last_message_at: string;
  readonly last_seq: number;
  readonly read_seq: number;
  readonly unread: number;
  readonly muted: boolean;
  readonly archived: boolean;
  /** Why the stored preview does not open; `last_message` is then empty. */
  readonly unreadable?: UnreadableReason;
}

export interface ParticipantView extends PublicUserView {
  readonly read_seq: number;
}

export interface ConversationView {
  readonly uuid: ConversationUuid;
  readonly kind: 'direct' | 'group';
  readonly title?: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly participants: ParticipantView[];
}

/** What a user's open streams are told. */
export type LiveEvent =
  | { readonly type: 'message.created' | 'message.updated'; readonly data: MessageView }
  | { readonly type: 'conversation.updated'; readonly data: RowView }
  | {
      readonly type: 'read.updated' | 'typing';
      readonly data: { readonly message_group_uuid: string; readonly user_uuid: string; readonly seq?: number };
    }
  /** The user was disabled or erased: their streams end. */
  | { readonly type: 'signed_out'; readonly data: Record<string, never> };
