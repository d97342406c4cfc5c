/** The use cases, as one interface: what a server, a script or a team's own code may ask of Parley. */
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import type { ConversationView, LiveEvent, MessageView, PublicUserView, RowView, UserView } from './views.ts';

/** Who asks, and until when an answer is of use (milliseconds since the epoch). The caller has authenticated the user. */
export interface Call {
  readonly user: UserUuid;
  readonly deadline?: number;
}

/** Where a page of messages lies; at most one of `cursor`, `after_seq`, `before_seq` and `at`. */
export interface HistoryRequest {
  /** 1–100. */
  readonly limit: number;
  readonly cursor?: string;
  /** Oldest first, from the entry after this. */
  readonly after_seq?: number;
  readonly before_seq?: number;
  /** A time: the page whose newest message is the last one not after it. */
  readonly at?: string;
}

export interface SendRequest {
  /** A UUIDv7; without it the server mints one, and the send cannot be repeated safely. */
  readonly uuid?: string;
  readonly message: string;
  readonly reply_to?: number;
}

/** Every method rejects with a ParleyError whose code is of the closed list, and nothing else. */
export interface Messenger {
  /** Creates the user unless they exist; idempotent (USER-1). The handle is a wish: taken ones get a suffix if `flexible`. */
  provision(
    user: UserUuid,
    wish: { readonly handle: Handle; readonly display_name?: string; readonly flexible?: boolean },
    deadline?: number,
  ): Promise<UserView>;
  /** Whether requests of this user are served; answers from memory for up to 5 seconds (USER-3). */
  isServed(user: UserUuid, deadline?: number): Promise<'active' | 'unknown' | 'refused'>;
  /** True when it is known at once that `isServed` would say `active`. */
  isKnownActive(user: UserUuid): boolean;
  /** The user who has a handle, for signing in; undefined when nobody has. */
  findByHandle(handle: Handle, deadline?: number): Promise<UserView | undefined>;
  me(call: Call): Promise<UserView>;
  changeMe(call: Call, change: { readonly handle?: Handle; readonly display_name?: string }): Promise<UserView>;
  userByHandle(call: Call, handle: Handle): Promise<PublicUserView>;

  block(call: Call, handle: Handle): Promise<void>;
  unblock(call: Call, handle: Handle): Promise<void>;
  blocks(
    call: Call,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly blocks: readonly PublicUserView[]; readonly cursor?: string }>;

  /** One handle and no title: the direct conversation of the two, made unless it exists (CONV-1). Otherwise a new group. */
  open(
    call: Call,
    request: { readonly handles: readonly Handle[]; readonly title?: string },
  ): Promise<{ readonly conversation: ConversationView; readonly created: boolean }>;
  conversation(call: Call, conversation: ConversationUuid): Promise<ConversationView>;
  /** Title: any member of a group. Muted, archived: one's own row. */
  changeConversation(
    call: Call,
    conversation: ConversationUuid,
    change: { readonly title?: string; readonly muted?: boolean; readonly archived?: boolean },
  ): Promise<RowView>;
  addParticipant(call: Call, conversation: ConversationUuid, handle: Handle): Promise<ConversationView>;
  /** Removes another, or leaves. Whoever left gets the conversation as it was while they were in it. */
  removeParticipant(call: Call, conversation: ConversationUuid, handle: Handle): Promise<ConversationView>;

  /** B. */
  inbox(
    call: Call,
    request: { readonly folder: 'inbox' | 'archive'; readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly conversations: readonly RowView[]; readonly cursor?: string }>;
  /** A. */
  history(
    call: Call,
    conversation: ConversationUuid,
    request: HistoryRequest,
  ): Promise<{ readonly messages: readonly MessageView[]; readonly cursor?: string }>;
  /** C. `replayed`: the uuid was sent before, and this is the message then written (LOG-4). */
  send(
    call: Call,
    conversation: ConversationUuid,
    request: SendRequest,
  ): Promise<{ readonly message: MessageView; readonly replayed: boolean }>;
  edit(call: Call, conversation: ConversationUuid, seq: number, message: string): Promise<MessageView>;
  deleteMessage(call: Call, conversation: ConversationUuid, seq: number): Promise<MessageView>;
  react(call: Call, conversation: ConversationUuid, seq: number, emoji: string, on: boolean): Promise<MessageView>;
  markRead(
    call: Call,
    conversation: ConversationUuid,
    mark: { readonly seq: number; readonly unread?: boolean },
  ): Promise<RowView>;
  typing(call: Call, conversation: ConversationUuid): Promise<void>;

  /** Calls the listener with what concerns the user, opened, until the returned function is called (LIVE-1). */
  live(user: UserUuid, listener: (event: LiveEvent) => void): () => void;

  /** Lets go of the bus; calls under way end as they would. */
  close(): void;

  /**
   * All that the user has, one JSON object a line without its end: `manifest`, `profile`, `block`, `conversation`, `message` and
   * `system`, at last `end` with the counts of all (USER-4). A stream without its end goes on after the `cursor` of the last
   * line read. The table is read as the lines are taken.
   */
  exportMe(call: Call, cursor?: string): AsyncIterable<string>;
  /** Refuses the user from now on; a runner of erasures does the rest in the background (USER-5). Idempotent. */
  eraseMe(call: Call): Promise<void>;
}
