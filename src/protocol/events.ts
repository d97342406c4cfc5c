/** Server-sent events of `GET /v1/events` and `GET /v1/lens` (LIVE-1). */
import type { Message, Row } from './shapes.ts';

/** Somebody read up to `seq`, or types (no `seq`). */
export interface Presence {
  readonly message_group_uuid: string;
  readonly user_uuid: string;
  readonly seq?: number;
}

/** What a stream carries, by event name. */
export interface LiveEvents {
  'message.created': Message;
  'message.updated': Message;
  'conversation.updated': Row;
  'read.updated': Presence;
  typing: Presence;
  /** First on every stream: the server's time; the client now fetches what it missed. */
  hello: { readonly server_time: string };
  /** Last on a stream that the server ends: why, and after how many milliseconds to come back. */
  bye: { readonly reason: 'slow_reader' | 'shutting_down' | 'signed_out'; readonly retry_ms: number };
}

export type LiveEventName = keyof LiveEvents;

/** One request to the table, as the Lens shows it. */
export interface LensEvent {
  readonly pattern: string;
  readonly letter?: string;
  readonly operation: string;
  readonly index?: string;
  readonly key_condition: string;
  readonly items: number;
  readonly read_units: number;
  readonly write_units: number;
  readonly ms: number;
  readonly cached: boolean;
}

/** The comment line that keeps an idle stream open is sent this often. */
export const heartbeatMs = 15_000;
/** A typing mark is shown for this long unless renewed. */
export const typingMs = 6_000;
