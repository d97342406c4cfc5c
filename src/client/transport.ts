/**
 * One request and its answer: the token, the deadline, one repetition after a fresh token when the old one is refused,
 * and problem documents turned into `ApiError`. It repeats nothing else: who calls knows what is safe to repeat.
 */
import { type ErrorCode, errorCodes } from '#domain/errors';
import { problemMediaType } from '#protocol/problem';
import { ApiError } from './failure.ts';
import type { Fetch, SetTimer } from './runtime.ts';

export interface TransportOptions {
  /** Where the service is, without a slash at the end; empty for the page's own origin. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly setTimer: SetTimer;
  /** A token for the next request. With `refresh`, the last one was refused: get another. */
  readonly token: (options?: { readonly refresh: boolean }) => Promise<string>;
  /** A fresh token was refused too: the user has to sign in again. */
  readonly onUnauthenticated?: () => void;
  /** The deadline of one attempt, its answer read included. */
  readonly timeoutMs: number;
}

export interface Call {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** False for the routes that need no token. */
  readonly authorize?: boolean;
  readonly signal?: AbortSignal;
}

/** An answer of the 200s: what its body holds (undefined when empty), and its headers. */
export interface Answer {
  readonly body: unknown;
  readonly headers: Headers;
}

export interface Transport {
  /** Rejects with `ApiError`, and with nothing else. */
  call(call: Call): Promise<Answer>;
  /** The same for a body that is read piece by piece; the deadline is for its headers alone. */
  open(call: Call): Promise<Response>;
}

const codes: ReadonlySet<string> = new Set(errorCodes);
const isCode = (value: unknown): value is ErrorCode => typeof value === 'string' && codes.has(value);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** `Retry-After` in seconds; the date form is not used by the service. */
const retryAfterMs = (headers: Headers): number | undefined => {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
};

const timeMs = (value: unknown): number | undefined => {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
};

/** What an answer outside the 200s says. Without a problem document (a proxy's page) the status alone decides. */
const failureOf = async (response: Response): Promise<ApiError> => {
  const detail = { status: response.status, retryAfterMs: retryAfterMs(response.headers) };
  const problem: unknown = response.headers.get('content-type')?.startsWith(problemMediaType)
    ? await response.json().catch(() => undefined)
    : undefined;
  if (!isRecord(problem) || !isCode(problem.code)) {
    const code = response.status >= 500 || response.status === 429 ? 'unavailable' : 'unreadable_answer';
    return new ApiError(code, `the service answered ${response.status}`, detail);
  }
  const fields = Array.isArray(problem.errors)
    ? problem.errors.flatMap((entry: unknown) =>
        isRecord(entry) ? [{ field: String(entry.field), message: String(entry.message) }] : [],
      )
    : [];
  const text = typeof problem.detail === 'string' ? problem.detail : String(problem.title);
  return new ApiError(problem.code, text, { ...detail, fields, serverTimeMs: timeMs(problem.server_time) });
};

export const createTransport = (options: TransportOptions): Transport => {
  /** @param streamed the answer's body is read later: the caller's signal goes on ending it. */
  const once = async <T>(
    call: Call,
    token: string | undefined,
    read: (response: Response) => Promise<T>,
    streamed: boolean,
  ): Promise<T> => {
    const abort = new AbortController();
    let timedOut = false;
    let opened = false;
    const cancelTimer = options.setTimer(options.timeoutMs, () => {
      timedOut = true;
      abort.abort();
    });
    const onAbort = () => abort.abort();
    if (call.signal?.aborted) abort.abort();
    call.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const headers: Record<string, string> = { accept: streamed ? '*/*' : 'application/json' };
      if (token !== undefined) headers.authorization = `Bearer ${token}`;
      if (call.body !== undefined) headers['content-type'] = 'application/json';
      const init: RequestInit = { method: call.method, headers, signal: abort.signal };
      if (call.body !== undefined) init.body = JSON.stringify(call.body);
      const response = await options.fetch(options.baseUrl + call.path, init);
      if (!response.ok) throw await failureOf(response);
      const result = await read(response);
      opened = streamed;
      return result;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (timedOut) throw new ApiError('timeout', `no answer within ${options.timeoutMs} ms`, { cause: error });
      if (call.signal?.aborted) throw new ApiError('aborted', 'the caller gave up', { cause: error });
      throw new ApiError('network', 'the request failed', { cause: error });
    } finally {
      cancelTimer();
      if (!opened) call.signal?.removeEventListener('abort', onAbort);
    }
  };

  const tokenFor = async (refresh: boolean): Promise<string> => {
    try {
      return await (refresh ? options.token({ refresh }) : options.token());
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError('network', 'no token could be had', { cause: error });
    }
  };

  const authorized = async <T>(call: Call, read: (response: Response) => Promise<T>, streamed: boolean): Promise<T> => {
    if (call.authorize === false) return once(call, undefined, read, streamed);
    try {
      return await once(call, await tokenFor(false), read, streamed);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    }
    try {
      return await once(call, await tokenFor(true), read, streamed);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) options.onUnauthenticated?.();
      throw error;
    }
  };

  const readJson = async (response: Response): Promise<Answer> => {
    const text = await response.text();
    if (text === '') return { body: undefined, headers: response.headers };
    try {
      return { body: JSON.parse(text), headers: response.headers };
    } catch (cause) {
      throw new ApiError('unreadable_answer', 'the answer is not JSON', { cause });
    }
  };

  return {
    call: (call) => authorized(call, readJson, false),
    open: (call) => authorized(call, (response) => Promise.resolve(response), true),
  };
};
