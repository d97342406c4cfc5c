/**
 * What a screen sees: the snapshots of the view-models and what can be asked of them. Types only. Every snapshot is
 * immutable, and the same object until something changes. Times named `…Ms` are Unix milliseconds by this machine's clock.
 */
import type { Conversation, Message, Row } from '#protocol/shapes';
import type { FailureCode } from './failure.ts';
import type { Observable } from './signal.ts';

/** Where a message of mine is on its way. */
export type SendState =
  /** Waiting for its turn, for an answer, or (`retryAtMs`) for the next attempt. */
  | { readonly status: 'pending'; readonly attempts: number; readonly retryAtMs?: number }
  /** In the log at `seq`; about to be replaced by the message itself. */
  | { readonly status: 'sent'; readonly seq: number }
  /** Refused. `maybeWritten`: an earlier attempt may have got through; ask before it is sent under a new uuid. */
  | { readonly status: 'failed'; readonly code: FailureCode; readonly maybeWritten: boolean };

/** A message of mine that the log does not show yet. */
export interface Send {
  readonly uuid: string;
  readonly conversation: string;
  readonly text: string;
  readonly replyTo?: number;
  readonly composedAtMs: number;
  readonly state: SendState;
}

/** One line of a timeline. `key` is the message's uuid: the same while it is being sent and afterwards. */
export type TimelineEntry =
  | { readonly kind: 'message'; readonly key: string; readonly message: Message }
  | { readonly kind: 'send'; readonly key: string; readonly send: Send };

export interface TimelineSnapshot {
  /** `failed`: nothing could be loaded yet, `code` says why; it is tried again by itself unless the answer was final. */
  readonly load: { readonly status: 'loading' | 'ready' } | { readonly status: 'failed'; readonly code: FailureCode };
  /** Absent until loaded. */
  readonly conversation: Conversation | undefined;
  /** Messages of the window by seq, oldest first, then (only at the newest) my sends that the log does not show yet. */
  readonly length: number;
  at(index: number): TimelineEntry | undefined;
  /** The index of the message at `seq`; −1 when it is not in the window. */
  indexOfSeq(seq: number): number;
  /** True: the window ends at the newest message. False: a window further back, reached by a jump. */
  readonly atNewest: boolean;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  readonly loadingOlder: boolean;
  readonly loadingNewer: boolean;
  /** The newest seq known to exist, shown or not; 0 in an empty conversation. */
  readonly newestSeq: number;
  /** My own read mark, and those of the others by user uuid. */
  readonly readSeq: number;
  readonly readers: ReadonlyMap<string, number>;
  /** User uuids of others who are typing now. */
  readonly typing: readonly string[];
}

/** One conversation. Promises of calls reject with `ApiError`. */
export interface Timeline extends Observable<TimelineSnapshot> {
  readonly uuid: string;
  /** Shows the text at once as pending and sends it. Throws `OutboxFull` when too many wait. Returns the uuid. */
  send(text: string, replyTo?: number): string;
  edit(seq: number, text: string): Promise<void>;
  remove(seq: number): Promise<void>;
  react(seq: number, emoji: string, on: boolean): Promise<void>;
  /** Does nothing while one is under way, or without `hasOlder`. */
  loadOlder(): Promise<void>;
  loadNewer(): Promise<void>;
  /** Shows the window around a time (ISO 8601). */
  jumpToDate(at: string): Promise<void>;
  jumpToSeq(seq: number): Promise<void>;
  jumpToNewest(): void;
  /** Tells which seqs are on the screen: these are fetched again after a disconnect. Cheap: call it on every scroll. */
  setVisible(fromSeq: number, toSeq: number): void;
  /** Moves my read mark forward, soon; calls in quick succession become one request. */
  markRead(seq: number): void;
  /** The user presses keys: tells the others, at most once in a while. */
  typing(): void;
  /** Fetches what is new and what is visible. Called by the session; a screen may for a pull-to-refresh. */
  refresh(): Promise<void>;
}

export type Folder = 'inbox' | 'archive';

/** The conversations of one folder that are loaded, newest first. */
export interface FolderSnapshot {
  readonly load: { readonly status: 'loading' | 'ready' } | { readonly status: 'failed'; readonly code: FailureCode };
  readonly rows: readonly Row[];
  /** Where the row of a conversation stands, found by bisection; −1 when it is not among `rows`. */
  indexOf(uuid: string | undefined): number;
  /** True also of a folder that nobody has asked for yet: the archive, before its first `loadMore`. */
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
}

export interface InboxSnapshot {
  readonly inbox: FolderSnapshot;
  readonly archive: FolderSnapshot;
  /** Unread messages in the loaded rows of the inbox that are not muted. */
  readonly unread: number;
  /** How many of these rows have any. */
  readonly unreadConversations: number;
}

/** The conversation list. Promises of calls reject with `ApiError`. */
export interface Inbox extends Observable<InboxSnapshot> {
  /** The loaded rows of a folder whose name, handle or title has every word of `text`: the same array for the same rows. */
  find(folder: Folder, text: string): readonly Row[];
  /** The row of a conversation in any folder, when loaded. */
  row(uuid: string): Row | undefined;
  /** The next older page of a folder; the first when none is loaded. */
  loadMore(folder: Folder): Promise<void>;
  setMuted(uuid: string, muted: boolean): Promise<void>;
  setArchived(uuid: string, archived: boolean): Promise<void>;
  /** Moves the read mark forward to `seq`. */
  markRead(uuid: string, seq: number): Promise<void>;
  /** Marks unread from `seq` on: the explicit act that moves the mark back (INBOX-7). */
  markUnread(uuid: string, seq: number): Promise<void>;
  refresh(): Promise<void>;
}

/** How the live connection is. */
export type LiveState =
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'open'; readonly sinceMs: number }
  | { readonly status: 'waiting'; readonly attempt: number; readonly retryAtMs: number }
  | { readonly status: 'closed'; readonly reason: 'not_started' | 'stopped' | 'unauthenticated' };

/** Everything of one signed-in user on one device. */
export interface Session {
  readonly me: { readonly uuid: string };
  readonly inbox: Inbox;
  readonly live: Observable<LiveState>;
  /** Every send that is not in the log yet, of all conversations, oldest first. */
  readonly sends: Observable<readonly Send[]>;
  /** The view-model of a conversation: the same object while it is open. Only a bounded number stays loaded. */
  timeline(uuid: string): Timeline;
  /** Sends a failed message again; nothing happens to any other. */
  retry(sendUuid: string): void;
  /** Forgets a failed message. One that is pending cannot be called back: it may be on its way. */
  discard(sendUuid: string): void;
  /** Loads the outbox and connects. Once. */
  start(): void;
  /** The machine is online again, or the window is in front: do now what waits for a timer. */
  wake(): void;
  /** Ends everything. What is not sent stays in storage. */
  stop(): void;
}
