/**
 * What a timeline knows of one conversation's log, from events and pages in any order. No I/O: it says what is missing,
 * `timeline.ts` fetches it. Its invariants:
 *
 * 1. A window is contiguous: between its ends it holds every entry that this user may read. (Seqs may still be missing in
 *    it: who left a group and came back never sees what was said between, and the service's pages pass over that.)
 * 2. `newest` ends at the head, as far as is known; an event beyond the next seq waits in `ahead` until the gap is fetched.
 * 3. `away` is a window further back, after a jump; it becomes one with `newest` as soon as they meet.
 * 4. A message is replaced only by a newer version (version.ts), whichever window it was in, and if it is in none: what was
 *    changed lately is remembered, because a page may come long after it was asked for. Versions whose order cannot be told
 *    are settled by a page that was asked for after the last event about the message; until then it is `doubtful`.
 */
import type { Message } from '#protocol/shapes';
import {
  below,
  emptyList,
  firstSeq,
  joined,
  lastSeq,
  type MessageList,
  messageOfSeq,
  prependAll,
  put,
  splitLastChunk,
  withoutFirstChunk,
} from './message-list.ts';
import { type Versioned, versionOf } from './version.ts';

/** Messages that a window holds in memory: some 50 MB of long ones. Past it the far end is let go, and fetched again when wanted. */
export const windowMessagesMax = 100_000;
/** Events waiting for the gap before them; of more, the newest are dropped, since the gap's fetch brings them. */
const aheadMax = 256;
/** Doubtful seqs that are remembered; of more, the first is forgotten until a page or an event comes upon it again. */
const doubtfulMax = 512;
/** Messages whose last event is remembered; of an older event only that it is older than the rest. */
const touchedMax = 512;
/** Changed messages that are remembered whether a window has them or not, against pages that are older than them. */
const changedMax = 512;

export interface Window {
  readonly list: MessageList;
  /** Everything readable from here… */
  readonly from: number;
  /** …to here is in the list. `from − 1` when it is empty. */
  readonly to: number;
  /** Whether there may be anything below `from`. */
  readonly hasOlder: boolean;
}

/** A page as the service gave it, by rising seq, and what was known when it was asked for. */
export interface Page {
  readonly messages: readonly Message[];
  readonly hasMore: boolean;
  /** `LogView.moment()` just before the request. */
  readonly askedAt: number;
}

export interface LogView {
  readonly newest: Window | undefined;
  readonly away: Window | undefined;
  /** The newest seq that anything told of. */
  readonly head: number;
  /** True: an entry up to `head` is not in `newest` yet. */
  readonly behind: boolean;
  /** By seq: what events brought that lies beyond a gap. */
  readonly ahead: ReadonlyMap<number, Message>;
  /** Seqs whose version has to be settled by a page asked for from now on. */
  readonly doubtful: ReadonlySet<number>;
  moment(): number;
  /** An event, or the answer to a change of my own. */
  receive(message: Message): void;
  /** What is held at `seq` may be old: a change of my own had no answer. */
  suspect(seq: number): void;
  /** Something says that the log reaches `seq`. */
  reaches(seq: number): void;
  /** The service has nothing beyond `newest` to give: it counts as the head until something tells of more. */
  acceptHead(): void;
  /** The newest page. Takes the place of `newest` when a gap is left between them. */
  newestPage(page: Page): void;
  /** The page after `after`, of the window that ended there when it was asked for. */
  pageAfter(after: number, page: Page): void;
  /** The page before `before`, of the window that began there. */
  pageBefore(before: number, page: Page): void;
  /** The page that a jump leads to. */
  jumpedTo(page: Page): void;
  /** A page of what is held already: repairs what events did not bring. */
  repairPage(page: Page): void;
  /** Forgets the window further back. */
  leaveAway(): void;
}

const windowOf = (page: Page): Window => {
  const list = prependAll(emptyList, page.messages);
  const from = page.hasMore ? (firstSeq(list) ?? 1) : 1;
  return { list, from, to: lastSeq(list) ?? from - 1, hasOlder: page.hasMore };
};

/** True when it is not as it was written any more, as far as it says. */
const isChanged = ({ rev = 0, edited_at, deleted_at, reactions }: Versioned): boolean =>
  rev > 0 || edited_at !== undefined || deleted_at !== undefined || reactions !== undefined;

const covers = ({ from, to }: Window, seq: number): boolean => seq >= from && seq <= to;

/** The window with a message that lies within it, or just after it. */
const withMessage = (window: Window, message: Message): Window => {
  if (messageOfSeq(window.list, message.seq) === message) return window;
  return { ...window, list: put(window.list, message), to: Math.max(window.to, message.seq) };
};

export const createLogView = (): LogView => {
  let newest: Window | undefined;
  let away: Window | undefined;
  let head = 0;
  let clock = 0;
  const ahead = new Map<number, Message>();
  const touched = new Map<number, number>();
  let touchedBefore = 0;
  const doubtful = new Set<number>();
  /** The latest changed messages, as they are known; the oldest first. */
  const changed = new Map<number, Message>();

  const touch = (seq: number): void => {
    clock += 1;
    touched.delete(seq);
    touched.set(seq, clock);
    if (touched.size <= touchedMax) return;
    for (const [oldest, at] of touched) {
      touched.delete(oldest);
      touchedBefore = at;
      return;
    }
  };

  const doubt = (seq: number): void => {
    doubtful.add(seq);
    if (doubtful.size <= doubtfulMax) return;
    for (const first of doubtful) {
      doubtful.delete(first);
      return;
    }
  };

  /** The newer of the two; `askedAt` undefined for an event. */
  const choose = (held: Message, other: Message, askedAt: number | undefined): Message => {
    const seq = held.seq;
    const version = versionOf(held, other);
    if (version === 'same') {
      if (askedAt !== undefined && (touched.get(seq) ?? touchedBefore) <= askedAt) doubtful.delete(seq);
      return held;
    }
    if (version === 'older') return held;
    if (version === 'newer') {
      doubtful.delete(seq);
      return other;
    }
    if (askedAt === undefined) {
      doubt(seq);
      return other;
    }
    if ((touched.get(seq) ?? touchedBefore) <= askedAt) {
      doubtful.delete(seq);
      return other;
    }
    doubt(seq);
    return held;
  };

  const remember = (message: Message): void => {
    if (!isChanged(message) && !changed.has(message.seq)) return;
    changed.delete(message.seq);
    changed.set(message.seq, message);
    if (changed.size <= changedMax) return;
    for (const first of changed.keys()) {
      changed.delete(first);
      return;
    }
  };

  const known = (seq: number): Message | undefined =>
    (newest && messageOfSeq(newest.list, seq)) ??
    (away && messageOfSeq(away.list, seq)) ??
    ahead.get(seq) ??
    changed.get(seq);

  /** The message, or what is known that is newer; `askedAt` undefined for an event. */
  const admit = (message: Message, askedAt: number | undefined): Message => {
    const held = known(message.seq);
    // Something was said of it after the page was asked for, and what it said is not known any more.
    if (held === undefined && askedAt !== undefined && (touched.get(message.seq) ?? touchedBefore) > askedAt)
      doubt(message.seq);
    const chosen = held === undefined ? message : choose(held, message, askedAt);
    remember(chosen);
    return chosen;
  };

  /** Within bounds at its old end. */
  const trimmedOld = (window: Window): Window => {
    if (window.list.length <= windowMessagesMax) return window;
    let list = window.list;
    while (list.length > windowMessagesMax) list = withoutFirstChunk(list);
    return { list, from: firstSeq(list) ?? window.from, to: window.to, hasOlder: true };
  };

  /** Within bounds at its new end. */
  const trimmedNew = (window: Window): Window => {
    if (window.list.length <= windowMessagesMax) return window;
    let list = window.list;
    while (list.length > windowMessagesMax) [list] = splitLastChunk(list);
    return { ...window, list, to: lastSeq(list) ?? window.from };
  };

  const setNewest = (window: Window): void => {
    newest = trimmedOld(window);
    for (;;) {
      const next = ahead.get(newest.to + 1);
      if (next === undefined) break;
      ahead.delete(next.seq);
      newest = trimmedOld(withMessage(newest, next));
    }
    for (const [seq, message] of ahead) {
      if (seq > newest.to) continue;
      ahead.delete(seq);
      // Whatever a page brought of it was chosen beside this.
      if (seq >= newest.from && messageOfSeq(newest.list, seq) === undefined) newest = withMessage(newest, message);
    }
    head = Math.max(head, newest.to);
  };

  /** Makes one window of two that meet; of what both have, both have the same version. */
  const join = (): void => {
    if (away === undefined || newest === undefined || away.to < newest.from - 1) return;
    const older = below(away.list, newest.from);
    const window: Window = {
      list: joined(older, newest.list),
      from: Math.min(away.from, newest.from),
      to: newest.to,
      hasOlder: away.from < newest.from ? away.hasOlder : newest.hasOlder,
    };
    away = undefined;
    setNewest(window);
  };

  const keepAhead = (message: Message): void => {
    ahead.set(message.seq, message);
    if (ahead.size > aheadMax) ahead.delete(Math.max(...ahead.keys()));
  };

  /** A page as it may be shown: each message in the newest version that is known, which the windows then have too. */
  const taken = (page: Page): Page => {
    const messages = page.messages.map((message) => admit(message, page.askedAt));
    for (const message of messages) {
      if (newest !== undefined && covers(newest, message.seq)) newest = withMessage(newest, message);
      if (away !== undefined && covers(away, message.seq)) away = withMessage(away, message);
      if (ahead.has(message.seq)) ahead.set(message.seq, message);
    }
    return { ...page, messages };
  };

  const extendedAfter = (window: Window, page: Page): Window => page.messages.reduce(withMessage, window);

  const extendedBefore = (window: Window, page: Page): Window => {
    const older = page.messages.filter((message) => message.seq < window.from);
    const list = prependAll(window.list, older);
    return {
      list,
      from: page.hasMore ? (older[0]?.seq ?? window.from) : 1,
      to: window.to,
      hasOlder: page.hasMore,
    };
  };

  return {
    get newest() {
      return newest;
    },
    get away() {
      return away;
    },
    get head() {
      return head;
    },
    get behind() {
      return newest !== undefined && head > newest.to;
    },
    ahead,
    doubtful,
    moment: () => clock,

    receive: (received) => {
      const message = admit(received, undefined);
      const { seq } = message;
      touch(seq);
      head = Math.max(head, seq);
      // Also before there is a newest window: a jump may have been answered first.
      if (away !== undefined && covers(away, seq)) away = withMessage(away, message);
      if (newest === undefined || seq > newest.to + 1) keepAhead(message);
      else if (seq >= newest.from) setNewest(withMessage(newest, message));
    },

    suspect: (seq) => {
      touch(seq);
      doubt(seq);
    },

    reaches: (seq) => {
      head = Math.max(head, seq);
    },

    acceptHead: () => {
      head = newest?.to ?? head;
    },

    newestPage: (asked) => {
      const page = taken(asked);
      const fresh = windowOf(page);
      if (newest === undefined || fresh.from > newest.to + 1) setNewest(fresh);
      else setNewest(extendedAfter(newest, page));
      join();
    },

    pageAfter: (after, asked) => {
      const page = taken(asked);
      if (away !== undefined && away.to === after) {
        away = extendedAfter(away, page);
        away = trimmedOld(away);
        join();
      } else if (newest !== undefined && after >= newest.from - 1 && after <= newest.to) {
        setNewest(extendedAfter(newest, page));
      }
    },

    pageBefore: (before, asked) => {
      const page = taken(asked);
      if (away !== undefined && away.from === before) {
        away = trimmedNew(extendedBefore(away, page));
      } else if (newest !== undefined && newest.from === before) {
        const grown = extendedBefore(newest, page);
        if (grown.list.length <= windowMessagesMax) {
          newest = grown;
          join();
          return;
        }
        const [kept, tail] = splitLastChunk(grown.list);
        newest = { list: tail, from: firstSeq(tail) ?? grown.to, to: grown.to, hasOlder: true };
        // One before the tail on purpose: the windows are not to meet again before the reader comes back down.
        const [older] = splitLastChunk(kept);
        away = trimmedNew({
          list: older,
          from: grown.from,
          to: lastSeq(older) ?? grown.from,
          hasOlder: grown.hasOlder,
        });
      }
    },

    jumpedTo: (asked) => {
      const page = taken(asked);
      const target = windowOf(page);
      if (newest !== undefined && target.to >= newest.from - 1) {
        if (target.from < newest.from) newest = extendedBefore(newest, page);
        away = undefined;
        return;
      }
      away = target;
    },

    repairPage: (page) => {
      taken(page);
    },

    leaveAway: () => {
      away = undefined;
    },
  };
};
