/**
 * The rows of the inbox, from events, pages and my own acts in any order. No I/O. How an older row never takes the place of
 * a newer one:
 *
 * - The part that the log decides (`last_seq`, the last message, its time) goes by `last_seq`, which only rises. A row with
 *   a lower one is old in all its parts and is dropped whole.
 * - The marks (`read_seq`, `muted`, `archived`) carry no version. A read mark that rises with an event is newer. Anything else
 *   may be a late copy of an old row, so it is taken only when no mark changed here for `settleMs`, whoever changed it; otherwise
 *   it is doubtful, and the inbox is asked again after that time.
 * - The text of the last message changes without a new `last_seq` when that message is edited, and so do names: the same rule.
 */
import type { Message, Row } from '#protocol/shapes';
import { versionOf } from './version.ts';
import type { Folder } from './view.ts';

/** An eventually consistent index, and an event under way, are behind by less than this. */
export const settleMs = 5_000;
/** No page is under way for so long: what changed later than that is of a clock that was set back since. */
const underWayMsMax = 60_000;

/** Whether what was current at `sinceMs` is later than a change at `atMs` by enough to be believed. */
const isSettled = (sinceMs: number, atMs: number): boolean =>
  sinceMs - atMs >= settleMs || atMs - sinceMs > underWayMsMax;

interface Held {
  readonly row: Row;
  /** When anything, and when a mark, changed last, by this machine's clock. */
  readonly changedAtMs: number;
  readonly markedAtMs: number;
  /** The last message is my own reading of a new message, and yields to any row of the same `last_seq`. */
  readonly derived: boolean;
  /** The message that an event told of last; of the last message, an older version of it changes nothing. */
  readonly heard?: Message;
}

/** A page of a folder, from the row that the page before ended with. */
export interface RowsPage {
  readonly rows: readonly Row[];
  /** The last row of the page before; absent for the first. */
  readonly after?: Row;
  /** True: nothing comes after it. */
  readonly isLast: boolean;
  readonly askedAtMs: number;
}

export interface InboxRows {
  get(uuid: string): Row | undefined;
  /** Newest first; a new array after each change. */
  folder(folder: Folder): readonly Row[];
  /** Of the rows of the inbox that are not muted; kept as rows change, so that no change walks them all. */
  readonly unread: { readonly messages: number; readonly conversations: number };
  /** A row that an event brought. True: doubtful, ask again. */
  event(row: Row, nowMs: number): boolean;
  /** The row that my own act of `askedAtMs` was answered with. True: doubtful, a mark changed meanwhile. */
  answer(row: Row, askedAtMs: number, nowMs: number): boolean;
  /** A page: what it should hold and does not has left the folder. True: doubtful. */
  page(folder: Folder, page: RowsPage): boolean;
  /** A message, new or changed. False: its conversation is not known here. */
  message(message: Message, mine: boolean, nowMs: number): boolean;
  /** My read mark moved elsewhere. True: doubtful. */
  read(uuid: string, seq: number, nowMs: number): boolean;
  /** My own act, shown before it is answered. */
  mark(uuid: string, marks: Partial<Pick<Row, 'read_seq' | 'muted' | 'archived'>>, nowMs: number): void;
  /** Forgets what comes after `last`, exclusively. */
  cut(folder: Folder, last: Row): void;
}

export const folderOf = (row: Row): Folder => (row.archived ? 'archive' : 'inbox');

/** Negative when `a` stands above `b`: newer first, and of two at the same millisecond the greater uuid, as the index has them. */
export const byNewest = (a: Row, b: Row): number => {
  if (a.last_message_at !== b.last_message_at) return a.last_message_at > b.last_message_at ? -1 : 1;
  return a.uuid > b.uuid ? -1 : a.uuid < b.uuid ? 1 : 0;
};

/** The index at which `row` stands among `rows`, newest first, or would. */
export const placeOf = (rows: readonly Row[], row: Row): number => {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = rows[middle];
    if (other !== undefined && byNewest(other, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

const counted = (row: Row): Row => ({ ...row, unread: Math.max(0, row.last_seq - row.read_seq) });

/** `row` with the last message of `of`: its text, or why there is none. */
const withText = (row: Row, of: { readonly text: string; readonly unreadable?: string | undefined }): Row => {
  const { unreadable: _, ...rest } = row;
  const { text, unreadable } = of;
  return { ...rest, last_message: text, ...(unreadable === undefined ? {} : { unreadable }) };
};

const isOtherName = (a: Row, b: Row): boolean =>
  a.title !== b.title ||
  a.other_user_uuid !== b.other_user_uuid ||
  a.other_user_handle !== b.other_user_handle ||
  a.other_user_display_name !== b.other_user_display_name;

const isOtherMark = (a: Row, b: Row): boolean =>
  a.read_seq !== b.read_seq || a.muted !== b.muted || a.archived !== b.archived;

const differs = (a: Row, b: Row): boolean =>
  a.last_seq !== b.last_seq || isOtherMark(a, b) || a.last_message !== b.last_message || isOtherName(a, b);

/** `changed` is told of every row that is not what it was. */
export const createInboxRows = (changed: (row: Row) => void): InboxRows => {
  const held = new Map<string, Held>();
  const folders: Record<Folder, readonly Row[]> = { inbox: [], archive: [] };
  const unread = { messages: 0, conversations: 0 };

  /** @param sign 1 for a row that comes, −1 for one that goes. */
  const count = (row: Row, sign: 1 | -1): void => {
    if (row.archived || row.muted || row.unread <= 0) return;
    unread.messages += sign * row.unread;
    unread.conversations += sign;
  };

  const takeOut = (row: Row): void => {
    const folder = folderOf(row);
    const index = placeOf(folders[folder], row);
    if (folders[folder][index]?.uuid === row.uuid) folders[folder] = folders[folder].toSpliced(index, 1);
  };

  const set = (next: Held): void => {
    const before = held.get(next.row.uuid)?.row;
    held.set(next.row.uuid, next);
    count(next.row, 1);
    if (before !== undefined) {
      count(before, -1);
      const folder = folderOf(before);
      const index = placeOf(folders[folder], before);
      if (folder === folderOf(next.row) && byNewest(before, next.row) === 0) {
        folders[folder] = folders[folder].with(index, next.row);
        changed(next.row);
        return;
      }
      takeOut(before);
    }
    const rows = folders[folderOf(next.row)];
    folders[folderOf(next.row)] = rows.toSpliced(placeOf(rows, next.row), 0, next.row);
    changed(next.row);
  };

  const drop = (row: Row): void => {
    takeOut(row);
    count(row, -1);
    held.delete(row.uuid);
  };

  /** @param sinceMs when the row was current: now for an event, the time of asking for a page. */
  const merge = (row: Row, sinceMs: number, isEvent: boolean): boolean => {
    const known = held.get(row.uuid);
    if (known === undefined) {
      set({ row, changedAtMs: sinceMs, markedAtMs: Number.NEGATIVE_INFINITY, derived: false });
      return false;
    }
    const mine = known.row;
    if (row.last_seq < mine.last_seq) return false;
    const marksSettled = isSettled(sinceMs, known.markedAtMs);
    // A page may also be from before something was marked unread.
    const isOlderRead = isEvent ? row.read_seq < mine.read_seq : row.read_seq !== mine.read_seq;
    const readBack = isOlderRead && !marksSettled;
    const flagBack = (row.muted !== mine.muted || row.archived !== mine.archived) && !marksSettled;
    const isOtherText = (!known.derived && row.last_message !== mine.last_message) || isOtherName(row, mine);
    const textBack = row.last_seq === mine.last_seq && isOtherText && !isSettled(sinceMs, known.changedAtMs);
    const next = counted({
      // An event is more often new than late, so its text is shown until the page that settles it.
      ...(textBack && !isEvent ? mine : row),
      read_seq: readBack ? mine.read_seq : row.read_seq,
      muted: flagBack ? mine.muted : row.muted,
      archived: flagBack ? mine.archived : row.archived,
    });
    const changedAtMs = differs(next, mine) ? Math.max(sinceMs, known.changedAtMs) : known.changedAtMs;
    const markedAtMs = isOtherMark(next, mine) ? Math.max(sinceMs, known.markedAtMs) : known.markedAtMs;
    set({ ...known, row: next, changedAtMs, markedAtMs, derived: false });
    return readBack || textBack || flagBack;
  };

  return {
    get: (uuid) => held.get(uuid)?.row,
    folder: (folder) => folders[folder],
    unread,
    event: (row, nowMs) => merge(row, nowMs, true),

    answer: (row, askedAtMs, nowMs) => {
      const known = held.get(row.uuid);
      if (known === undefined) return false;
      const isOvertaken = known.markedAtMs > askedAtMs && row.read_seq !== known.row.read_seq;
      const log = row.last_seq > known.row.last_seq ? row : known.row;
      const { last_seq, last_message: text, last_message_at, unreadable } = log;
      const mine = withText(known.row, { text, unreadable });
      const read_seq = isOvertaken ? mine.read_seq : row.read_seq;
      set({
        ...known,
        row: counted({ ...mine, last_seq, last_message_at, read_seq }),
        changedAtMs: nowMs,
        markedAtMs: nowMs,
      });
      return isOvertaken;
    },

    page: (folder, { rows, after, isLast, askedAtMs }) => {
      const listed = new Set(rows.map((row) => row.uuid));
      const from = after === undefined ? 0 : placeOf(folders[folder], after);
      const last = rows.at(-1);
      const to = isLast || last === undefined ? folders[folder].length : placeOf(folders[folder], last);
      let doubtful = false;
      for (const row of folders[folder].slice(from, to)) {
        if (listed.has(row.uuid) || row.uuid === after?.uuid) continue;
        if (isSettled(askedAtMs, held.get(row.uuid)?.changedAtMs ?? 0)) drop(row);
        else doubtful = true;
      }
      for (const row of rows) doubtful = merge(row, askedAtMs, false) || doubtful;
      return doubtful;
    },

    message: (message, mine, nowMs) => {
      const known = held.get(message.message_group_uuid);
      if (known === undefined) return false;
      const { row } = known;
      if (message.seq < row.last_seq) return true;
      const told = withText(row, { text: message.message ?? '', unreadable: message.unreadable });
      const isChange = message.edited_at !== undefined || message.deleted_at !== undefined;
      if (message.seq === row.last_seq) {
        const isOlder = known.heard?.seq === message.seq && versionOf(known.heard, message) === 'older';
        if (isChange && !isOlder) set({ ...known, row: told, changedAtMs: nowMs, derived: false, heard: message });
        return true;
      }
      const log = { last_seq: message.seq, last_message_at: message.created_at, archived: false };
      const read_seq = mine ? Math.max(row.read_seq, message.seq) : row.read_seq;
      const markedAtMs = mine ? nowMs : known.markedAtMs;
      const next = counted({ ...told, ...log, read_seq });
      set({ row: next, changedAtMs: nowMs, markedAtMs, derived: !isChange, heard: message });
      return true;
    },

    read: (uuid, seq, nowMs) => {
      const known = held.get(uuid);
      if (known === undefined || seq === known.row.read_seq) return false;
      if (seq < known.row.read_seq && !isSettled(nowMs, known.markedAtMs)) return true;
      set({ ...known, row: counted({ ...known.row, read_seq: seq }), changedAtMs: nowMs, markedAtMs: nowMs });
      return false;
    },

    mark: (uuid, marks, nowMs) => {
      const known = held.get(uuid);
      if (known === undefined) return;
      set({ ...known, row: counted({ ...known.row, ...marks }), changedAtMs: nowMs, markedAtMs: nowMs });
    },

    cut: (folder, last) => {
      const kept = placeOf(folders[folder], last) + 1;
      for (const row of folders[folder].slice(kept)) {
        count(row, -1);
        held.delete(row.uuid);
      }
      folders[folder] = folders[folder].slice(0, kept);
    },
  };
};
