/** What can go wrong with a call: the closed list of the service's codes, and what happens before an answer comes. */
import type { ErrorCode } from '#domain/errors';

export type FailureCode =
  | ErrorCode
  | 'network' // no answer, or it broke off
  | 'timeout'
  | 'aborted' // by the caller
  | 'unreadable_answer'; // not what the contract says: another service, or a proxy, answered

/** A call that failed. */
export class ApiError extends Error {
  readonly code: FailureCode;
  /** The HTTP status; 0 without an answer. */
  readonly status: number;
  /** How long the service asks to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;
  /** For `invalid_field`. */
  readonly fields: readonly { readonly field: string; readonly message: string }[];
  /** The server's time in Unix milliseconds, when the answer says it (`clock_ahead`, `uuid_expired`). */
  readonly serverTimeMs: number | undefined;

  constructor(
    code: FailureCode,
    message: string,
    detail: {
      status?: number;
      retryAfterMs?: number | undefined;
      fields?: readonly { readonly field: string; readonly message: string }[];
      serverTimeMs?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'ApiError';
    this.code = code;
    this.status = detail.status ?? 0;
    this.retryAfterMs = detail.retryAfterMs;
    this.fields = detail.fields ?? [];
    this.serverTimeMs = detail.serverTimeMs;
  }

  /** True when the same request may succeed later: no answer, a server's fault, too many requests, a stranger's page. */
  get passing(): boolean {
    if (this.code === 'unreadable_answer') return true;
    return this.status === 0
      ? this.code !== 'aborted'
      : this.status >= 500 || this.status === 429 || this.status === 408;
  }

  /** True when the request certainly changed nothing: the service itself answered, and refused. */
  get refused(): boolean {
    return this.code !== 'unreadable_answer' && this.status >= 400 && this.status < 500 && this.status !== 408;
  }
}

/** Any thrown value as an `ApiError`. */
export const toApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : new ApiError('network', 'the request failed', { cause: error });
