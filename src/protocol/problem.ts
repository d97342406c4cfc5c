/** Problem documents (RFC 9457): what every error answer looks like, and the status of each code. */
import type { ErrorCode } from '#domain/errors';

export const problemMediaType = 'application/problem+json';

/** The HTTP status of each code of the closed list (NET-1). */
export const statusOf: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  blocked: 403,
  not_author: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  uuid_reused: 409,
  handle_taken: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  invalid_field: 422,
  invalid_cursor: 422,
  clock_ahead: 422,
  uuid_expired: 422,
  seq_out_of_range: 422,
  group_full: 422,
  not_a_group: 422,
  message_deleted: 422,
  too_many_reactions: 422,
  rate_limited: 429,
  conversation_busy: 503,
  overloaded: 503,
  unavailable: 503,
  internal: 500,
};

/** The body of an error answer. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  readonly [extra: string]: unknown;
}
