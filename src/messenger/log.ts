/**
 * The log (LOG-1 to LOG-8): appends an entry to a conversation exactly once, by conditional puts and what this node remembers
 * of the log's end. No lock, no transaction, no state that a crash could leave behind.
 */
import { LRUCache } from 'lru-cache';
import { ParleyError } from '#domain/errors';
import type { MessageUuid } from '#domain/ids';
import { seqMax } from '#domain/limits';
import { grow, nextTime, type Tail, type TailEntry, tailFrom, windowStart } from '#domain/tail';
import { timeOf } from '#domain/time';
import { asStored, type ConversationItem, type EntryItem } from '#store/items';
import type { Patterns } from '#store/patterns';
import { TableError } from '#table/errors';
import type { CallOptions } from '#table/port';
import { noSuchConversation } from './faults.ts';
import type { SendQueue } from './send-queue.ts';

/** Conversations whose end is remembered; an idle one is about half a kilobyte. */
const tailsMax = 10_000;
/** Uuids remembered over all conversations, 20 bytes each; past it the conversation longest unused is forgotten. */
const rememberedMax = 4_000_000;
/** A read of an idle conversation's end is one unit; the pages after the first are for busy ones. */
const firstReadLimit = 8;
const readLimit = 250;
/** Lost races at one seq after another before the sender is told to come again; each costs a read and a write. */
const attemptsMax = 50;

/**
 * Waited for between the steps of a send: those that go on at the same time then take each step one after the other, with its code at
 * hand in the processor's caches, which under load saves a twentieth of a send.
 */
const together = Promise.resolve();

/** What is to be appended. */
export interface Draft {
  readonly uuid: MessageUuid;
  /** The uuid's own time in milliseconds; undefined when it was minted here just now and cannot have been written before. */
  readonly uuidTime: number | undefined;
  /** Makes the entry for its place, under the membership of `membersSeq`, at once if it can; refuses with a ParleyError. */
  build(seq: number, createdAt: number, membersSeq: number): EntryItem | Promise<EntryItem>;
}

export interface Log {
  /**
   * Sends of one conversation go in the order of these calls; `prepare` decides beforehand whether one is allowed.
   * The entry as it stands in the log; `replayed` when it stood there before (LOG-4). Durable when it resolves (LOG-8).
   */
  append(
    conversation: string,
    prepare: () => Draft | Promise<Draft>,
    call?: CallOptions,
  ): Promise<{ entry: EntryItem; replayed: boolean }>;
  /** The newest seq, read consistently; 0 for an empty log. */
  head(conversation: string, call?: CallOptions): Promise<number>;
}

const membersSeqOf = (entry: EntryItem): number => (entry.kind === 'system' ? entry.seq : (entry.members_seq ?? 0));

const tailEntry = (entry: EntryItem): TailEntry => ({
  seq: entry.seq,
  uuid: entry.uuid,
  at: timeOf(entry.created_at),
  membersSeq: membersSeqOf(entry),
});

const tooLate = (): ParleyError =>
  new ParleyError('unavailable', 'It took too long; try again.', { retryAfterSeconds: 1 });

const isSame = (one: EntryItem, other: EntryItem): boolean =>
  one.seq === other.seq && one.created_at === other.created_at && one.message === other.message;

const isConversation = (item: EntryItem | ConversationItem): item is ConversationItem => item.type === 'conversation';

export const createLog = (
  patterns: Patterns,
  queue: SendQueue,
  now: () => number,
  randomBytes: (count: number) => Uint8Array,
): Log => {
  const [a = 1, b = 2, c = 3, d = 4] = randomBytes(4);
  const seed = (a << 24) | (b << 16) | (c << 8) | d;
  let remembered = 0;
  /** A tail put out while a send is under way is still right, but no longer counted. */
  const putOut = new WeakSet<Tail>();
  const tails = new LRUCache<string, Tail>({
    // Counted by size rather than by `max`, which would set aside room for all of them at once.
    maxSize: tailsMax,
    sizeCalculation: () => 1,
    dispose: (tail) => {
      remembered -= tail.recent.size;
      putOut.add(tail);
    },
  });
  const learn = (tail: Tail, entry: TailEntry): void => {
    const before = tail.recent.size;
    grow(tail, entry, now());
    if (putOut.has(tail)) return;
    remembered += tail.recent.size - before;
    while (remembered > rememberedMax && tails.size > 1) tails.pop();
  };

  /** Reads back from the head to before `since`, and remembers what it read. */
  const readBack = async (conversation: string, since: number, call?: CallOptions): Promise<Tail> => {
    const read: TailEntry[] = [];
    let below = seqMax + 1;
    for (let limit = firstReadLimit; ; limit = readLimit) {
      const page = await patterns.readTail(conversation, below, limit, call);
      for (const item of page.items) {
        const entry = isConversation(item)
          ? { seq: 0, uuid: '', at: timeOf(item.created_at), membersSeq: 0 }
          : tailEntry(item);
        if (entry.at < since || entry.seq === 0) {
          const knownFrom = entry.seq === 0 ? Number.NEGATIVE_INFINITY : entry.at + 1;
          const tail = tailFrom(read.reverse(), knownFrom, seed, entry, now());
          tails.set(conversation, tail);
          remembered += tail.recent.size;
          return tail;
        }
        read.push(entry);
        below = entry.seq;
      }
      // A log ends with entry 0; without one there is no conversation.
      if (page.next === undefined) throw noSuchConversation();
    }
  };

  /** Reads what others have appended past what is known, to the head. */
  const readOn = async (conversation: string, tail: Tail, call?: CallOptions): Promise<void> => {
    for (;;) {
      const page = await patterns.readEntriesAfter(conversation, tail.head, readLimit, call);
      for (const entry of page.items) learn(tail, tailEntry(entry));
      if (page.next === undefined) return;
    }
  };

  /**
   * Looks for the uuid among the entries not remembered: those of the window (from the time `since`) above seq `checked`.
   * Keeps nothing of what it reads, however much that is.
   */
  const searchBelow = async (
    conversation: string,
    tail: Tail,
    uuid: string,
    bound: { readonly since: number; readonly checked: number },
    call?: CallOptions,
  ) => {
    let below = tail.recent.firstSeq ?? tail.head + 1;
    for (;;) {
      if (below <= bound.checked + 1) return undefined;
      const page = await patterns.readTail(conversation, below, readLimit, call);
      for (const item of page.items) {
        if (isConversation(item) || item.seq <= bound.checked || timeOf(item.created_at) < bound.since)
          return undefined;
        if (item.uuid === uuid) return item;
        below = item.seq;
      }
      if (page.next === undefined) return undefined;
    }
  };

  /** @param seqs where the uuid may stand. */
  const findAt = async (conversation: string, seqs: readonly number[], uuid: string, call?: CallOptions) => {
    for (const seq of seqs) {
      const entry = await patterns.getEntry(conversation, seq, call);
      if (entry?.uuid === uuid) return entry;
    }
    return undefined;
  };

  const appendNext = async (conversation: string, draft: Draft, call?: CallOptions) => {
    // The clock is read before the window is fixed, and no entry is dated before that reading: see the proof at LOG-5.
    const begun = now();
    if (call?.deadline !== undefined && begun >= call.deadline) throw tooLate();
    const since = windowStart(draft.uuidTime ?? begun);
    const tail = tails.get(conversation) ?? (await readBack(conversation, Math.max(since, windowStart(begun)), call));
    // Every entry of the window up to this seq has been looked at for the uuid. One minted here cannot stand anywhere yet,
    // but from the first put on it may: by that very put, when its answer is lost.
    let checked = draft.uuidTime === undefined ? tail.head : 0;
    // The entries this call has tried to put. One found later is no replay, but its own: the sealed text tells, which no
    // two sealings share.
    const tried: EntryItem[] = [];
    const found = (entry: EntryItem) => ({ entry, replayed: !tried.some((one) => isSame(one, entry)) });

    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (checked < tail.head) {
        const bound = { since, checked };
        const seqs = tail.recent.find(draft.uuid);
        const standing =
          (seqs.length > 0 ? await findAt(conversation, seqs, draft.uuid, call) : undefined) ??
          (tail.knownFrom > since ? await searchBelow(conversation, tail, draft.uuid, bound, call) : undefined);
        if (standing !== undefined) return found(standing);
        checked = tail.head;
      }
      const seq = tail.head + 1;
      if (seq > seqMax) throw new ParleyError('conversation_busy', 'This conversation is full.');
      const at = nextTime(tail, Math.max(begun, now()));
      await together;
      const built = draft.build(seq, at, tail.membersSeq);
      const entry = built instanceof Promise ? await built : built;
      tried.push(entry);
      await together;
      try {
        await patterns.appendEntry(entry, call);
        learn(tail, { seq, uuid: entry.uuid, at, membersSeq: membersSeqOf(entry) });
        return { entry, replayed: false };
      } catch (error) {
        if (!(error instanceof TableError)) throw error;
        if (error.code !== 'condition_failed' && error.outcome !== 'unknown') throw error;
        // Taken, or nobody knows: by another node, or by this very put whose answer was lost. Nothing is tried elsewhere
        // before this seq is settled; reading on shows who has it, and if nobody has, it is tried again.
        await readOn(conversation, tail, call);
        const standing = error.item && asStored<EntryItem>(error.item);
        if (standing?.uuid === draft.uuid) return found(standing);
      }
    }
    throw new ParleyError('conversation_busy', 'Too many others write to this conversation; try again.', {
      retryAfterSeconds: 1,
    });
  };

  return {
    append: (conversation, prepare, call) =>
      queue(conversation, prepare, (draft) => appendNext(conversation, draft, call)),
    head: async (conversation, call) => {
      const { items } = await patterns.readTail(conversation, seqMax + 1, 1, call);
      const [newest] = items;
      if (newest === undefined) throw noSuchConversation();
      return isConversation(newest) ? 0 : newest.seq;
    },
  };
};
