/**
 * A batch of stream records, applied in order as far as it goes; what could not be is named, so that only that comes again. A
 * batch of which nothing could be applied is an error of the invocation.
 */
import { applyAsFarAsItGoes } from '#messenger/as-far-as-it-goes';
import type { Fanout } from '#messenger/fanout';
import { changeOf, type StreamRecord } from '#table/dynamodb/stream-record';

/** The event of a function behind a DynamoDB stream. */
export interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

/** With `ReportBatchItemFailures`: the stream is given again from this record on; empty when all is done. Lambda takes it for success. */
export interface StreamResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * Applies the records as far as they go: everything before the first that does not is applied, and it and what follows come
 * again (INBOX-5).
 *
 * An answer, also one that names the first record, counts as success: Lambda neither counts an error nor halves the batch, and
 * what follows a record that cannot be applied would be set aside with it. So when not even the first record went, this throws
 * instead: the error is counted, where an alarm looks, and the batch comes again in halves until the record stands alone.
 *
 * @param timeLeft milliseconds until the function is ended; below `reserveMs` it stops looking and answers with what it knows.
 * @throws NothingApplied when the batch holds records and none of them was surely applied.
 */
export const applyBatch = async (
  apply: Fanout,
  event: StreamEvent,
  timeLeft: () => number,
  failed: (error: unknown) => void,
): Promise<StreamResponse> => {
  const mayTry = (): boolean => timeLeft() >= reserveMs;
  const done = await applyAsFarAsItGoes(event.Records.map(changeOf), apply, mayTry, failed);
  const next = event.Records[done];
  if (done === 0 && next !== undefined) throw new NothingApplied(event.Records.length);
  return { batchItemFailures: next === undefined ? [] : [{ itemIdentifier: next.dynamodb.SequenceNumber }] };
};

/** Not even the first record of a batch was applied; why was said when it failed. */
export class NothingApplied extends Error {
  override readonly name = 'NothingApplied';
  constructor(records: number) {
    super(`not one of ${records} records could be applied`);
  }
}

/** A table that is away costs each attempt its deadline: no further one is begun with less than this left. */
const reserveMs = 15_000;
