/** The errors a table can answer with: one class, a closed list of codes, the adapter's own error kept as `cause`. */
import type { Item } from './port.ts';

/**
 * - `condition_failed`: the condition did not hold; nothing was written; `item` is what stands there (undefined: nothing).
 *   With the outcome `unknown` an earlier attempt of the same call had no answer, and `item` may be what it wrote: compare.
 * - `invalid`: the request breaks one of DynamoDB's limits or rules; nothing was sent (or the server refused it).
 * - `throttled`: refused for lack of capacity until the deadline; nothing was written.
 * - `unavailable`: no answer, or a server's fault, until the deadline; see `outcome`.
 * - `no_such_table`: the table does not exist.
 */
export type TableErrorCode = 'condition_failed' | 'invalid' | 'throttled' | 'unavailable' | 'no_such_table';

/** `none`: it did not happen. `unknown`: it may have happened, or may yet. */
export type Outcome = 'none' | 'unknown';

export class TableError extends Error {
  readonly code: TableErrorCode;
  readonly outcome: Outcome;
  readonly item: Item | undefined;
  /** Of `invalid`: the server refused who asks and not what is asked, so another request would fare no better. */
  readonly denied: boolean;

  constructor(
    code: TableErrorCode,
    message: string,
    detail: { outcome?: Outcome; item?: Item | undefined; denied?: boolean; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'TableError';
    this.code = code;
    this.outcome = detail.outcome ?? 'none';
    this.item = detail.item;
    this.denied = detail.denied ?? false;
  }
}

/** True for a write refused by its condition: the one table error that use cases expect. */
export const isConditionFailed = (error: unknown): error is TableError =>
  error instanceof TableError && error.code === 'condition_failed';
