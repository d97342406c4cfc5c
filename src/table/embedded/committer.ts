/**
 * Group commit: writes that arrive while commits are under way wait together and go into the next one, in the order they
 * came, so that one flush to disk serves them all. Where the store allows it, a commit is made while the one before it is being
 * written, so that neither the processor nor the disk waits for the other. One that is refused leaves the others alone.
 */
import { TableError } from '../errors.ts';
import type { Kv, KvWriter } from './kv.ts';

/**
 * Writes waiting for the next commit. At some 20,000 a second this is well under a second's work; whoever is past it is
 * told at once rather than kept waiting.
 */
const WAITING_WRITES_MAX = 10_000;

/** Writes in one commit: some ten milliseconds of work, during which nothing else runs. */
const GROUP_WRITES_MAX = 1_000;

/** Fewer writes than this go into one commit: each costs a write to the disk. */
const SPLIT_WRITES_MIN = 8;

/** What one commit shares between its writes; made by `begin`, written out by `end`. */
export interface Session {
  readonly writer: KvWriter;
}

type Outcome = { readonly value: unknown } | { readonly error: TableError };

interface Waiting<S extends Session> {
  readonly step: (session: S) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface Committer<S extends Session> {
  /** Runs `step` inside the next commit; resolves with what it returned once that is durable, rejects with what it threw. */
  submit<T>(step: (session: S) => T): Promise<T>;
  /** Refuses what comes from now on and resolves when what came before is done. */
  close(): Promise<void>;
}

export interface CommitterOptions<S extends Session> {
  readonly kv: Kv;
  readonly begin: (writer: KvWriter) => S;
  readonly end: (session: S) => void;
  /** Called when a commit broke: nothing that its steps wrote is there. */
  readonly aborted: () => void;
  /** Called after each commit, before its writers are told. */
  readonly committed: (session: S) => void;
}

const attempt = <S extends Session>(step: (session: S) => unknown, session: S): Outcome => {
  try {
    return { value: step(session) };
  } catch (error) {
    // A step decides before it writes, so a refusal has written nothing. Anything else undoes the whole commit.
    if (error instanceof TableError) return { error };
    throw error;
  }
};

export const createCommitter = <S extends Session>(options: CommitterOptions<S>): Committer<S> => {
  const { kv } = options;
  const waiting: Waiting<S>[] = [];
  let underWay = 0;
  let scheduled = false;
  let closing = false;
  let idle: (() => void)[] = [];

  const commit = async (group: readonly Waiting<S>[]): Promise<void> => {
    try {
      const { outcomes, session } = await kv.transact((writer) => {
        const session = options.begin(writer);
        const outcomes = group.map(({ step }) => attempt(step, session));
        options.end(session);
        return { outcomes, session };
      });
      options.committed(session);
      outcomes.forEach((outcome, i) => {
        if ('error' in outcome) group[i]?.reject(outcome.error);
        else group[i]?.resolve(outcome.value);
      });
    } catch (cause) {
      options.aborted();
      if (cause instanceof TableError) {
        for (const { reject } of group) reject(cause);
        return;
      }
      const reason = cause instanceof Error ? cause.message : String(cause);
      const error = new TableError('unavailable', `the table's files took no write: ${reason}`, {
        outcome: 'unknown',
        cause,
      });
      for (const { reject } of group) reject(error);
    }
  };

  const schedule = (): void => {
    if (scheduled || waiting.length === 0 || underWay >= kv.transactionsAtOnce) return;
    scheduled = true;
    // Whoever is waiting for the processor meanwhile comes first, and may bring more writes for the next commit.
    kv.soon(drain);
  };

  const run = async (group: readonly Waiting<S>[]): Promise<void> => {
    underWay += 1;
    await kv.unsettled;
    await commit(group);
    underWay -= 1;
    schedule();
    if (underWay > 0 || waiting.length > 0) return;
    for (const resolve of idle) resolve();
    idle = [];
  };

  const drain = (): void => {
    scheduled = false;
    while (waiting.length > 0 && underWay < kv.transactionsAtOnce) {
      // Half of many, when nothing is being written: the other half is made while the first is on its way to the disk.
      const share = kv.transactionsAtOnce - underWay;
      const size = waiting.length < SPLIT_WRITES_MIN ? waiting.length : Math.ceil(waiting.length / share);
      void run(waiting.splice(0, Math.min(size, GROUP_WRITES_MAX)));
    }
  };

  return {
    submit: <T>(step: (session: S) => T): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        if (closing) return reject(new TableError('unavailable', 'the table is closed'));
        if (waiting.length >= WAITING_WRITES_MAX) {
          return reject(new TableError('throttled', `more than ${WAITING_WRITES_MAX} writes are waiting`));
        }
        waiting.push({ step, resolve: resolve as (value: unknown) => void, reject });
        schedule();
      }),
    close: async () => {
      closing = true;
      if (underWay > 0 || waiting.length > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
};
