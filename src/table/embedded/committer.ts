/**
 * Group commit: writes that arrive while a commit is under way wait together and go into the next one, in the order they
 * came, so that one flush to disk serves them all. One that is refused leaves the others alone.
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
  let running = false;
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

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      await kv.unsettled;
      await commit(waiting.splice(0, GROUP_WRITES_MAX));
      // Whoever was waiting for the processor meanwhile comes first, and may bring more writes for the next commit.
      await new Promise<void>((resolve) => kv.soon(resolve));
    }
    running = false;
    for (const resolve of idle) resolve();
    idle = [];
  };

  return {
    submit: <T>(step: (session: S) => T): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        if (closing) return reject(new TableError('unavailable', 'the table is closed'));
        if (waiting.length >= WAITING_WRITES_MAX) {
          return reject(new TableError('throttled', `more than ${WAITING_WRITES_MAX} writes are waiting`));
        }
        waiting.push({ step, resolve: resolve as (value: unknown) => void, reject });
        if (running) return;
        running = true;
        kv.soon(() => void drain());
      }),
    close: async () => {
      closing = true;
      if (running) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
};
