/**
 * LMDB with a journal in front (journal.ts): a commit is one write to the journal's end, and its content stays in memory until
 * LMDB has it, which follows in bulk. What is read is memory first and LMDB below it.
 *
 * 1. Nothing is visible before it is on disk: a commit's writes join the newest layer when the journal has them. Only the next
 *    commit sees them earlier: it is made while they are being written, and is nothing if they fail.
 * 2. A layer leaves memory when LMDB has committed all of it. Reads in between see the same values twice.
 * 3. At most two layers are in memory: while the older is carried over, the newer fills; a writer that finds both full waits.
 * 4. The journal is for the table's owner alone (ownership.ts). While others have the table open, and for whoever is not the
 *    owner, every commit is LMDB's own.
 */
import { TableError } from '../errors.ts';
import { type Carrier, startCarrier } from './carrier.ts';
import { journalFile, recoverJournals } from './checkpoint.ts';
import { createJournal, type Journal } from './journal.ts';
import {
  HAND_OVERS_MAX,
  type Kv,
  type KvKey,
  type KvRange,
  type KvReader,
  type KvWriter,
  type StoreName,
} from './kv.ts';
import { createLayer, createPending, type Held, type Layer, type Pending } from './layer.ts';
import type { LmdbKv, LmdbReader } from './lmdb-kv.ts';
import { acquire, type Ownership, tokenIn } from './ownership.ts';

const journalDefaults = {
  /** A layer is carried over when its journal is as large as this: memory for two, and a second's work after a crash. */
  layerBytesMax: 32 * 1_024 * 1_024,
  /** Or when nothing was written for this long: a table at rest stands in LMDB. */
  restMs: 1_000,
} as const;

export type JournalLimits = { readonly [Name in keyof typeof journalDefaults]: number };

/** After a failure, a full disk say, the next try. */
const RETRY_MS = 1_000;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

type Entry = readonly [name: KvKey, value: Held];

const advance = (source: Iterator<Entry>): Entry | undefined => {
  const next = source.next();
  return next.done === true ? undefined : next.value;
};

/**
 * The values of several sources in the order of their keys; of one key, that of the first source, unless it is gone there. Whoever
 * stops before the end ends the sources too: a walk of LMDB's that is left open holds one of the few places that it has for
 * readers, until the garbage collector comes by, and without a place there is no commit.
 */
function* merged(sources: readonly Iterator<Entry>[], reverse: boolean): Generator<Uint8Array> {
  try {
    const heads = sources.map(advance);
    for (;;) {
      let best: Entry | undefined;
      for (const head of heads) {
        if (head === undefined) continue;
        if (best === undefined || (reverse ? head[0] > best[0] : head[0] < best[0])) best = head;
      }
      if (best === undefined) return;
      if (best[1] !== null) yield best[1];
      for (const [index, head] of heads.entries()) {
        const source = sources[index];
        if (head?.[0] === best[0] && source !== undefined) heads[index] = advance(source);
      }
    }
  } finally {
    for (const source of sources) source.return?.();
  }
}

function* heldEntries(reader: LmdbReader, store: StoreName, range: KvRange): Generator<Entry> {
  for (const { key, value } of reader.entries(store, range)) yield [key, value];
}

function* resumed(first: Entry, rest: Iterator<Entry>): Generator<Entry> {
  yield first;
  for (let entry = advance(rest); entry !== undefined; entry = advance(rest)) yield entry;
}

/** What the layers say, the newest first, and LMDB where they say nothing. */
const readerOver = (layers: readonly Layer[], base: LmdbReader): KvReader => ({
  get: (store, key) => {
    for (const layer of layers) {
      const held = layer.get(store, key);
      if (held !== undefined) return held ?? undefined;
    }
    return base.get(store, key);
  },
  range: (store, range) => {
    const sources = layers.flatMap((layer) => {
      const entries = layer.range(store, range);
      const first = advance(entries);
      return first === undefined ? [] : [resumed(first, entries)];
    });
    if (sources.length === 0) return base.range(store, range);
    return merged([...sources, heldEntries(base, store, range)], range.reverse);
  },
});

const writerOver = (pending: Pending, layers: readonly Layer[], base: LmdbReader): KvWriter => {
  const { get, range } = readerOver([pending, ...layers], base);
  return {
    get,
    range,
    put: (store, key, ...parts) => pending.set(store, key, parts),
    delete: (store, key) => pending.set(store, key, null),
  };
};

interface Generation {
  readonly number: number;
  readonly journal: Journal;
  readonly layer: Layer;
}

/** Commits on their way to the disk: each builds on those before it, and fails with them. */
interface Line {
  /** The newest first. */
  ahead: readonly Pending[];
  /** The last of them; rejects when it is not there. */
  flushed: Promise<void>;
  /** Why one of them failed, and all that were to follow it in this line. */
  failure: unknown;
}

const emptyLine = (): Line => ({ ahead: [], flushed: Promise.resolve(), failure: undefined });

/** Nothing was done: somebody else owns the table by now. One for all, so that it can be told from a step's own. */
const changedHands = new TableError('unavailable', 'the table changes hands; try again', { outcome: 'none' });

/** One is made while the one before is being written; more would wait for the same disk. */
const COMMITS_AT_ONCE = 2;

/** Opens the table's store in a folder as its owner or as a guest of its owner, after applying what a crash left. */
export const openJournaledKv = async (
  base: LmdbKv,
  folder: string,
  limits: JournalLimits = journalDefaults,
): Promise<Kv> => {
  let ownership: Ownership | undefined;
  let newest = 0;
  let current: Generation | undefined;
  let older: (Generation & { readonly carried: Promise<void> }) | undefined;
  let line = emptyLine();
  let carrier: Carrier | undefined;
  let failure: Error | undefined;
  let guests = false;
  /** Counts the times that this process was not alone with the table. */
  let shared = 0;
  let closing = false;
  let unsettled: Promise<void> | undefined;
  let rest: NodeJS.Timeout | undefined;

  /** Commits and changes of hands, one at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const result = turn.then(run);
    turn = result.catch(() => undefined);
    return result;
  };

  /** The newest first. */
  const layers = (): Layer[] => {
    const newestFirst: Layer[] = [];
    if (current !== undefined) newestFirst.push(current.layer);
    if (older !== undefined) newestFirst.push(older.layer);
    return newestFirst;
  };

  /** Carries a generation over, again and again until it works; `failure` tells meanwhile why it does not. */
  const carry = async ({ number, journal }: Generation): Promise<void> => {
    for (;;) {
      try {
        carrier ??= startCarrier(base, folder);
        await carrier.carry(number);
        failure = undefined;
        break;
      } catch (error) {
        failure = asError(error);
        if (closing) throw failure;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
    older = undefined;
    journal.close();
  };

  /** Closes the newest generation and has it carried over; the one before must be over. */
  const turnOver = (): void => {
    if (current === undefined) return;
    if (current.layer.writes === 0) return;
    const generation = current;
    current = undefined;
    const carried = carry(generation);
    carried.catch(() => undefined);
    older = { ...generation, carried };
  };

  /** Resolves when every commit that was made is on disk, or has failed. */
  const flushed = (): Promise<void> => line.flushed.catch(() => undefined);

  const carryAll = async (): Promise<void> => {
    await flushed();
    await older?.carried;
    turnOver();
    await older?.carried;
    current?.journal.close();
    current = undefined;
  };

  /** In its turn, and after what is on its way: a commit under way has the generation's journal in hand. */
  const atRest = (): void => {
    rest = undefined;
    void inTurn(async () => {
      await flushed();
      if (older === undefined) turnOver();
      else rest = setTimeout(atRest, limits.restMs).unref();
    });
  };

  /** The generation that the next commit goes into, with room for it. */
  const generationForWrites = async (): Promise<Generation> => {
    if (current !== undefined && current.journal.bytes >= limits.layerBytesMax) {
      if (older !== undefined && failure !== undefined) throw failure;
      await flushed();
      await older?.carried;
      turnOver();
    }
    if (current === undefined) {
      const number = newest + 1;
      // The file is that of the generation before the older one, which is over. When it cannot be opened, the number is not
      // used: the next one's file is the older one's.
      current = { number, journal: createJournal(journalFile(folder, number), number), layer: createLayer() };
      newest = number;
    }
    return current;
  };

  /** Writes a commit out after those ahead of it, and shows what it wrote. */
  const flush = async (mine: Line, pending: Pending, { journal, layer }: Generation): Promise<void> => {
    const before = mine.flushed;
    try {
      await before;
      await journal.append(pending.list);
    } catch (error) {
      // What is asked for from now on builds on what is on disk.
      mine.failure = error;
      if (line === mine) line = emptyLine();
      throw error;
    }
    mine.ahead = mine.ahead.slice(0, -1);
    for (const { store, name, written } of pending.list) layer.set(store, name, written);
    pending.release();
    if (rest === undefined) rest = setTimeout(atRest, limits.restMs).unref();
    else rest.refresh();
  };

  /** Makes a commit that was asked for in a line; `done` tells when it is on disk. */
  const commit = async <T>(step: (writer: KvWriter) => T, asked: Line): Promise<{ readonly done: Promise<T> }> => {
    const generation = await generationForWrites();
    // Whoever asked did so in the belief that what was ahead would be there.
    if (asked.failure !== undefined) throw asked.failure;
    const pending = createPending();
    const above = [...line.ahead, ...layers()];
    const result = base.read((reader) => step(writerOver(pending, above, reader)));
    // An answer that was read off a commit ahead is good only with it.
    if (pending.writes === 0) return { done: line.flushed.then(() => result) };
    const written = flush(line, pending, generation);
    line.ahead = [pending, ...line.ahead];
    line.flushed = written;
    // Whoever waits for the commit hears of it; nobody else has to.
    written.catch(() => undefined);
    return { done: written.then(() => result) };
  };

  /** A guest's step, refused once somebody else owns the table: that one is asked first, which `unsettled` waits for. */
  const asGuest =
    <R extends KvReader, T>(step: (view: R) => T) =>
    (view: R): T => {
      if (ownership !== undefined && tokenIn(view) === ownership.token) return step(view);
      ownerGone();
      throw changedHands;
    };

  const setGuests = async (there: boolean): Promise<void> => {
    // A guest that was killed may have left its last commit in the file without a word of it in LMDB's lock file, which whoever
    // locks it next puts right. Commits to the journal do not lock it, and would be made on what stood there before.
    if (!there && !closing) await base.transact(() => undefined);
    guests = there;
    shared += 1;
    if (there) await carryAll();
  };

  const settleAgain = async (): Promise<void> => {
    // A guest that gave up here would refuse everything until its process is started anew.
    while (!closing) {
      try {
        await settle();
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
    unsettled = undefined;
  };

  /** Told by the connection's end, or by another's token, whichever is seen first. */
  const ownerGone = (): void => {
    if (closing || unsettled !== undefined) return;
    ownership?.release();
    ownership = undefined;
    shared += 1;
    unsettled = settleAgain();
  };

  /** In its turn: whoever asks the new owner for the table is answered when all of it stands in LMDB. */
  const settle = (): Promise<void> =>
    inTurn(async () => {
      const acquired = await acquire(base, folder, {
        share: () => inTurn(() => setGuests(true)),
        // Where that fails, the table stays as it is with guests.
        alone: () => void inTurn(() => setGuests(false)).catch(() => undefined),
        ownerGone,
      });
      try {
        if (acquired.role === 'owner') newest = await recoverJournals(base, folder);
      } catch (error) {
        acquired.release();
        throw error;
      }
      ownership = acquired;
    });
  await settle();

  return {
    transactionsAtOnce: COMMITS_AT_ONCE,
    get aloneSince() {
      return ownership?.role === 'owner' && !guests ? shared : undefined;
    },
    get unsettled() {
      return unsettled;
    },
    read: (step) => {
      if (ownership?.role !== 'owner') return base.read(asGuest(step));
      const above = layers();
      return above.length === 0 ? base.read(step) : base.read((reader) => step(readerOver(above, reader)));
    },
    transact: async (step) => {
      for (let handOvers = 0; ; handOvers += 1) {
        const asked = line;
        try {
          const { done } = await inTurn(async () => {
            if (ownership?.role === 'owner' && !guests) return commit(step, asked);
            const result = await base.transact(ownership?.role === 'owner' ? step : asGuest(step));
            return { done: Promise.resolve(result) };
          });
          return await done;
        } catch (error) {
          // The step was not begun: who owns the table now is asked, and it is tried again.
          if (error !== changedHands || unsettled === undefined || handOvers >= HAND_OVERS_MAX) throw error;
          await unsettled;
        }
      }
    },
    soon: base.soon,
    close: async () => {
      closing = true;
      clearTimeout(rest);
      try {
        await inTurn(carryAll);
      } finally {
        await carrier?.close();
        ownership?.release();
        await base.close();
      }
    },
  };
};
