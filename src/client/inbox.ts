/**
 * The view-model of the conversation list. The rules of merging are in `inbox-rows.ts`; here is what is fetched and when.
 * After `refresh` everything that changed the order is there: conversations that changed since the last refresh stand at
 * the top, so pages are fetched down to that time. A mark that was set on another device meanwhile, on a row further down,
 * shows when its page is next loaded.
 */
import { isoTime } from '#domain/time';
import type { ConversationsQuery, Message, Row } from '#protocol/shapes';
import { type ApiError, toApiError } from './failure.ts';
import { findRows } from './find-rows.ts';
import type { Api } from './http.ts';
import { byNewest, createInboxRows, folderOf, type InboxRows, placeOf, settleMs } from './inbox-rows.ts';
import type { Runtime } from './runtime.ts';
import { createSignal } from './signal.ts';
import { createTask } from './task.ts';
import type { Folder, FolderSnapshot, Inbox, InboxSnapshot } from './view.ts';

const rowsPage = 50;
/** Pages that a refresh fetches; when more changed, what is below is let go and fetched again by `loadMore`. */
const refreshPagesMax = 5;
/** How much further back than the last refresh a refresh looks: clocks differ, and the fan-out takes its time. */
const slackMs = 60_000;
/** A conversation that an event speaks of first is fetched after this long, when no row of it came by itself. */
const unknownMs = 1_000;

export interface InboxOptions {
  readonly me: string;
  readonly api: Api;
  readonly runtime: Runtime;
  readonly serverNow: () => number;
  /** Told of every row that changed. */
  readonly onRow: (row: Row) => void;
  /** Takes back the read mark of a conversation that is still to be sent; resolves when none is under way. */
  readonly forgetReadMark: (uuid: string) => Promise<void> | undefined;
}

/** An inbox as its session holds it: with the ends that events come in by. */
export interface OpenInbox extends Inbox {
  rowEvent(row: Row): void;
  message(message: Message): void;
  read(conversation: string, seq: number): void;
  wake(): void;
  stop(): void;
}

interface FolderState {
  load: FolderSnapshot['load'];
  loadingMore: boolean;
  /** The last row fetched, and where the next page begins; both absent before the first page. */
  last: Row | undefined;
  cursor: string | undefined;
  /** By the server's clock: when the last complete refresh began. */
  refreshedMs: number;
}

type Marks = Parameters<InboxRows['mark']>[1];

/** What takes an act back: of what it set, that which nothing has set anew since. */
const undoing = (marks: Marks, before: Row, now: Row): Marks => ({
  ...(marks.read_seq === now.read_seq && { read_seq: before.read_seq }),
  ...(marks.muted === now.muted && { muted: before.muted }),
  ...(marks.archived === now.archived && { archived: before.archived }),
});

const unloaded = (): FolderState => ({
  load: { status: 'loading' },
  loadingMore: false,
  last: undefined,
  cursor: undefined,
  refreshedMs: 0,
});

export const createInbox = ({ me, api, runtime, serverNow, onRow, forgetReadMark }: InboxOptions): OpenInbox => {
  const rows = createInboxRows(onRow);
  const states: Record<Folder, FolderState> = { inbox: unloaded(), archive: unloaded() };
  /** The archive is refreshed only once somebody has looked into it. */
  const wanted = new Set<Folder>(['inbox']);

  const folderSnapshot = (folder: Folder): FolderSnapshot => {
    const shown = rows.folder(folder);
    return {
      load: states[folder].load,
      rows: shown,
      indexOf: (uuid) => {
        const row = uuid === undefined ? undefined : rows.get(uuid);
        const index = row === undefined ? -1 : placeOf(shown, row);
        return shown[index]?.uuid === uuid ? index : -1;
      },
      hasMore: states[folder].cursor !== undefined || !wanted.has(folder),
      loadingMore: states[folder].loadingMore,
    };
  };

  const signal = createSignal(
    (): InboxSnapshot => ({
      inbox: folderSnapshot('inbox'),
      archive: folderSnapshot('archive'),
      unread: rows.unread.messages,
      unreadConversations: rows.unread.conversations,
    }),
  );

  /** Fetches a page and puts it in, if it is still wanted then; answers with its last row and the cursor behind it. */
  const fetchPage = async (
    folder: Folder,
    after: Row | undefined,
    cursor: string | undefined,
    isWanted = (): boolean => true,
  ) => {
    const askedAtMs = runtime.now();
    const query: ConversationsQuery = { folder, limit: rowsPage, ...(cursor === undefined ? {} : { cursor }) };
    const answer = await api.conversations(query);
    const isLast = answer.cursor === undefined;
    const page = { rows: answer.conversations, isLast, askedAtMs, ...(after === undefined ? {} : { after }) };
    if (isWanted() && rows.page(folder, page)) void refresh.request(settleMs);
    return { last: answer.conversations.at(-1) ?? after, cursor: answer.cursor };
  };

  const refreshFolder = async (folder: Folder): Promise<void> => {
    const state = states[folder];
    const beganMs = serverNow();
    const until = isoTime(state.refreshedMs - slackMs);
    const isFirst = state.last === undefined;
    let last: Row | undefined;
    let cursor: string | undefined;
    for (let pages = 1; ; pages++) {
      ({ last, cursor } = await fetchPage(folder, last, cursor));
      const isBelow = last === undefined || cursor === undefined || (state.last && byNewest(last, state.last) >= 0);
      if (isFirst || isBelow || pages === refreshPagesMax) {
        // The list now ends where this walk ended: at its old end or further down, or above it when too much changed.
        if (last !== undefined && cursor !== undefined && !isBelow) rows.cut(folder, last);
        Object.assign(state, { last, cursor });
        break;
      }
      if (last !== undefined && last.last_message_at <= until) break;
    }
    state.refreshedMs = beganMs;
    state.load = { status: 'ready' };
  };

  const failedLoad = (error: ApiError): void => {
    for (const folder of wanted) {
      const state = states[folder];
      if (state.load.status !== 'ready') state.load = { status: 'failed', code: error.code };
    }
    signal.changed();
  };

  const refresh = createTask({
    runtime,
    run: async () => {
      for (const folder of wanted) {
        await refreshFolder(folder);
        signal.changed();
      }
    },
    failed: failedLoad,
  });

  const loadMore = async (folder: Folder): Promise<void> => {
    const state = states[folder];
    if (!wanted.has(folder) || state.last === undefined) {
      wanted.add(folder);
      return refresh.request();
    }
    if (state.loadingMore || state.cursor === undefined) return;
    state.loadingMore = true;
    signal.changed();
    const { last, cursor } = state;
    try {
      // A refresh may have moved the end meanwhile; then this page was for nothing, and is asked for again.
      const isWanted = (): boolean => state.cursor === cursor;
      const next = await fetchPage(folder, last, cursor, isWanted);
      if (isWanted()) Object.assign(state, next);
    } finally {
      state.loadingMore = false;
      signal.changed();
    }
  };

  /** Below the end of what is loaded a row would stand next to the wrong neighbour: it comes with its page. */
  const isWithin = (row: Row): boolean => {
    const { last, cursor } = states[folderOf(row)];
    return rows.get(row.uuid) !== undefined || cursor === undefined || (last !== undefined && byNewest(row, last) <= 0);
  };

  /** My own act: shown at once, asked for after `earlier`, undone by the truth when it is refused. */
  const act = async (uuid: string, marks: Marks, call: () => Promise<Row | undefined>, earlier?: Promise<void>) => {
    const before = rows.get(uuid);
    rows.mark(uuid, marks, runtime.now());
    signal.changed();
    if (earlier !== undefined) await earlier;
    const askedAtMs = runtime.now();
    try {
      const row = await call();
      if (row !== undefined && rows.answer(row, askedAtMs, runtime.now())) void refresh.request(settleMs);
    } catch (cause) {
      const now = rows.get(uuid);
      if (before !== undefined && now !== undefined && toApiError(cause).refused) {
        rows.mark(uuid, undoing(marks, before, now), runtime.now());
      }
      void refresh.request(settleMs);
      throw cause;
    } finally {
      signal.changed();
    }
  };

  const patch = (uuid: string, marks: { muted: boolean } | { archived: boolean }): Promise<void> =>
    act(uuid, marks, async () => {
      await api.updateConversation(uuid, marks);
      return undefined;
    });

  let lastFound: { readonly among: readonly Row[]; readonly text: string; readonly rows: readonly Row[] } | undefined;
  const find = (folder: Folder, text: string): readonly Row[] => {
    const among = rows.folder(folder);
    if (lastFound?.among !== among || lastFound.text !== text) lastFound = { among, text, rows: findRows(among, text) };
    return lastFound.rows;
  };

  return {
    find,
    getSnapshot: signal.getSnapshot,
    subscribe: signal.subscribe,
    row: rows.get,
    loadMore,
    setMuted: (uuid, muted) => patch(uuid, { muted }),
    setArchived: (uuid, archived) => patch(uuid, { archived }),
    markRead: async (uuid, seq) => {
      const readSeq = rows.get(uuid)?.read_seq ?? 0;
      await act(uuid, { read_seq: Math.max(seq, readSeq) }, () => api.markRead(uuid, { seq }));
    },
    markUnread: (uuid, seq) => {
      const over = forgetReadMark(uuid);
      return act(uuid, { read_seq: seq - 1 }, () => api.markRead(uuid, { seq: seq - 1, unread: true }), over);
    },
    refresh: () => refresh.request(),
    rowEvent: (row) => {
      if (!isWithin(row)) return;
      if (rows.event(row, runtime.now())) void refresh.request(settleMs);
      signal.changed();
    },
    message: (message) => {
      if (!rows.message(message, message.user_uuid === me, runtime.now())) void refresh.request(unknownMs);
      signal.changed();
    },
    read: (conversation, seq) => {
      if (rows.read(conversation, seq, runtime.now())) void refresh.request(settleMs);
      signal.changed();
    },
    wake: refresh.wake,
    stop: refresh.stop,
  };
};
