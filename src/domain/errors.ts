/** The closed list of what can go wrong for a user (NET-1). The HTTP status of each stands in `protocol/problem.ts`. */
export const errorCodes = [
  'bad_request', // not JSON, not UTF-8, a malformed header
  'unauthenticated', // no valid token, or a user who is disabled or erased
  'forbidden',
  'blocked', // the recipient does not take messages from this user
  'not_author',
  'not_found', // no such thing, or none that this user may see
  'method_not_allowed',
  'conflict', // somebody else changed it at the same time; read it and try again
  'uuid_reused', // the uuid names another message
  'handle_taken',
  'body_too_large',
  'unsupported_media_type',
  'invalid_field', // with `errors` by field
  'invalid_cursor',
  'clock_ahead', // the uuid's time is more than 5 minutes ahead of the server's
  'uuid_expired', // the uuid's time is more than 24 hours ago
  'seq_out_of_range',
  'group_full',
  'not_a_group',
  'message_deleted',
  'too_many_reactions',
  'rate_limited',
  'conversation_busy', // the queue of this conversation is full
  'overloaded',
  'unavailable', // the table, or another thing it needs, does not answer
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** A failure that a user is told about: a code, a sentence for people, and details that are safe to show. */
export class ParleyError extends Error {
  readonly code: ErrorCode;
  /** By field name, for `invalid_field`. */
  readonly fields: readonly { readonly field: string; readonly message: string }[];
  /** Further members of the problem document, such as `server_time` of `clock_ahead`. */
  readonly extra: Readonly<Record<string, string | number>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    detail: {
      fields?: readonly { field: string; message: string }[];
      extra?: Record<string, string | number>;
      retryAfterSeconds?: number;
      cause?: unknown;
    } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'ParleyError';
    this.code = code;
    this.fields = detail.fields ?? [];
    this.extra = detail.extra ?? {};
    this.retryAfterSeconds = detail.retryAfterSeconds;
  }
}
