/**
 * The view-model of one conversation: what `log-view.ts` says is missing, fetched; my sends that wait in the outbox shown
 * behind the newest message; who types and who has read. After `refresh` everything is complete again: what came after the
 * last known seq is fetched, and what is on the screen is fetched again, for the updates that no event brought. What is
 * loaded but not on the screen is fetched again when it comes there.
 */
import { typingMs } from '#protocol/events';
import type { Conversation, Message, MessagesQuery, Row } from '#protocol/shapes';
import { ApiError, toApiError } from './failure.ts';
import type { Api } from './http.ts';
import { createLogView, type Page, type Window } from './log-view.ts';
import { indexOfSeq, messageAt } from './message-list.ts';
import type { Outbox } from './outbox.ts';
import { createPresence } from './presence.ts';
import { createReadMark } from './read-mark.ts';
import type { Runtime } from './runtime.ts';
import { createSignal } from './signal.ts';
import { createTask } from './task.ts';
import { messageEntry, sentBehindGap } from './timeline-entries.ts';
import type { Send, Timeline, TimelineEntry, TimelineSnapshot } from './view.ts';

/** Messages of a page that a reader waits for; what is fetched behind the scenes comes in the largest pages there are. */
const readerPage = 50;
const largestPage = 100;
/** So many pages are fetched to close a gap; a longer one is jumped over to the newest page. */
const catchUpPagesMax = 5;
/** Pages in which this user may read nothing (a time out of the group) that are passed over in one go. */
const hiddenPagesMax = 10;
/** Attempts to read an entry that something told of; after about a minute it is taken for one this user may not read. */
const behindRunsMax = 8;
/** Blocks of 100 seqs that one run of the repair fetches. */
const repairPagesMax = 5;
/** A doubtful version is read again after this long: enough for an eventually consistent read to have caught up. */
const settleMs = 1_000;

export interface TimelineOptions {
  readonly uuid: string;
  readonly me: string;
  readonly api: Api;
  readonly runtime: Runtime;
  readonly outbox: Outbox;
  /** Moves my read mark: the inbox does it, and shows it. */
  readonly markRead: (seq: number) => Promise<void>;
}

/** A timeline as its session holds it: with the ends that events come in by. */
export interface OpenTimeline extends Timeline {
  receive(message: Message): void;
  typed(user: string): void;
  read(user: string, seq: number): void;
  /** My inbox row of this conversation changed. */
  rowChanged(row: Row): void;
  /** Before something is marked unread: takes back the read mark that waits, and resolves when none is under way. */
  forgetReadMark(): Promise<void>;
  outboxChanged(): void;
  readonly listeners: number;
  wake(): void;
  stop(): void;
}

const blockOf = (seq: number): number => Math.floor(seq / largestPage);

export const createTimeline = ({ uuid, me, api, runtime, outbox, markRead }: TimelineOptions): OpenTimeline => {
  const view = createLogView();
  let load: TimelineSnapshot['load'] = { status: 'loading' };
  let conversation: Conversation | undefined;
  let readSeq = 0;
  /** The `last_seq` of my inbox row, once one came; from then on the row says how far I have read. */
  let rowSeq: number | undefined;
  let loadingOlder = false;
  let loadingNewer = false;
  let jumps = 0;
  let behindRuns = 0;
  let typedAtMs = Number.NEGATIVE_INFINITY;
  let visible: { readonly from: number; readonly to: number } | undefined;
  /** Seqs held when the connection was last lost, and which blocks of them were asked for since. */
  let stale: { readonly from: number; readonly to: number } | undefined;
  let repaired = new Set<number>();

  const shown = (): Window | undefined => view.away ?? view.newest;

  const makeSnapshot = (): TimelineSnapshot => {
    const window = shown();
    const list = window?.list;
    const count = list?.length ?? 0;
    const atNewest = view.away === undefined;
    const gapped = atNewest
      ? [...view.ahead.values()].filter((one) => one.user_uuid === me && one.kind === 'text')
      : [];
    const sends: readonly Send[] = atNewest
      ? [...gapped.sort((a, b) => a.seq - b.seq).map(sentBehindGap), ...outbox.ofConversation(uuid)]
      : [];
    const sendEntries = sends.map((send): TimelineEntry => ({ kind: 'send', key: send.uuid, send }));
    return {
      load,
      conversation,
      length: count + sendEntries.length,
      at: (index) => {
        if (index >= count) return sendEntries[index - count];
        const message = list === undefined ? undefined : messageAt(list, index);
        return message === undefined ? undefined : messageEntry(message);
      },
      indexOfSeq: (seq) => (list === undefined ? -1 : indexOfSeq(list, seq)),
      atNewest,
      hasOlder: window?.hasOlder ?? false,
      hasNewer: !atNewest,
      loadingOlder,
      loadingNewer,
      newestSeq: view.head,
      readSeq: Math.max(readSeq, mark.wanted),
      readers: presence.readers,
      typing: presence.typing,
    };
  };
  const signal = createSignal(makeSnapshot);
  const presence = createPresence(runtime, me, signal.changed);

  /** One page by rising seq, past pages in which there is nothing for this user. */
  const fetchPage = async (query: MessagesQuery): Promise<Page> => {
    const askedAt = view.moment();
    let answer = await api.messages(uuid, query);
    for (let i = 0; i < hiddenPagesMax && answer.messages.length === 0 && answer.cursor !== undefined; i++) {
      answer = await api.messages(uuid, { limit: query.limit ?? largestPage, cursor: answer.cursor });
    }
    const messages = [...answer.messages].sort((a, b) => a.seq - b.seq);
    for (const message of messages) if (message.user_uuid === me) outbox.confirm(message.uuid);
    return { messages, hasMore: answer.cursor !== undefined, askedAt };
  };

  const loadNewestPage = async (): Promise<void> => view.newestPage(await fetchPage({ limit: readerPage }));

  const closeGap = async (): Promise<void> => {
    for (let pages = 0; pages < catchUpPagesMax; pages++) {
      const after = view.newest?.to ?? 0;
      const page = await fetchPage({ after_seq: after, limit: largestPage });
      view.pageAfter(after, page);
      signal.changed();
      if (!page.hasMore) return;
    }
    await loadNewestPage();
  };

  const catchUp = createTask({
    runtime,
    run: async () => {
      const before = view.newest?.to;
      await (view.newest === undefined ? loadNewestPage() : closeGap());
      // What is new to me stands or falls with my read mark: without my row, the participants tell it.
      if (load.status !== 'ready' && rowSeq === undefined) await peopleAsked;
      load = { status: 'ready' };
      behindRuns = view.newest?.to === before ? behindRuns + 1 : 0;
      if (view.behind && behindRuns >= behindRunsMax) view.acceptHead();
      signal.changed();
      afterChange();
      if (view.behind) throw new ApiError('unavailable', 'an entry cannot be read yet', { status: 503 });
    },
    failed: (error) => {
      if (view.newest !== undefined) return;
      load = { status: 'failed', code: error.code };
      signal.changed();
    },
  });

  /** The blocks on the screen that have to be fetched again, the newest first. */
  const blocksToRepair = (): number[] => {
    const window = shown();
    if (window === undefined) return [];
    const to = Math.min(window.to, visible?.to ?? window.to);
    const from = Math.max(window.from, visible?.from ?? to - largestPage + 1);
    const blocks = new Set<number>();
    if (stale !== undefined) {
      const last = blockOf(Math.min(to, stale.to));
      for (let block = last; block >= blockOf(Math.max(from, stale.from)); block--) {
        if (!repaired.has(block)) blocks.add(block);
      }
    }
    for (const seq of view.doubtful) if (seq >= from && seq <= to) blocks.add(blockOf(seq));
    return [...blocks].sort((a, b) => b - a);
  };

  /** A block may take several pages: one ends where this user's time in the group began, and more may lie below. */
  const repairBlock = async (block: number): Promise<void> => {
    const from = block * largestPage;
    let before: number | undefined = from + largestPage;
    while (before !== undefined && before > from) {
      const page: Page = await fetchPage({ before_seq: before, limit: largestPage });
      view.repairPage(page);
      before = page.hasMore ? page.messages[0]?.seq : undefined;
    }
  };

  const repair = createTask({
    runtime,
    run: async () => {
      const blocks = blocksToRepair().slice(0, repairPagesMax);
      for (const block of blocks) {
        // A page that was asked for before the connection was lost once more says nothing of what was missed then.
        const since = repaired;
        await repairBlock(block);
        since.add(block);
      }
      if (blocks.length > 0) signal.changed();
      const left = blocksToRepair();
      if (left.some((block) => blocks.includes(block))) {
        throw new ApiError('unavailable', 'a version is not settled yet', { status: 503 });
      }
      if (left.length > 0) void repair.request();
    },
  });

  const people = createTask({
    runtime,
    run: async () => {
      conversation = await api.conversation(uuid);
      presence.participants(conversation);
      if (rowSeq === undefined) readSeq = conversation.participants.find((one) => one.uuid === me)?.read_seq ?? readSeq;
      signal.changed();
    },
  });

  const mark = createReadMark({
    runtime,
    current: () => readSeq,
    send: markRead,
    moved: (seq) => {
      readSeq = Math.max(readSeq, seq);
    },
  });

  /** Asks for what the view now lacks. */
  const afterChange = (): void => {
    // Who hears of a conversation that was refused is in it by now.
    if (view.newest === undefined ? load.status === 'failed' : view.behind) void catchUp.request();
    if (view.doubtful.size > 0 && blocksToRepair().length > 0) void repair.request(settleMs);
  };

  const receive = (message: Message): void => {
    if (message.user_uuid === me) outbox.confirm(message.uuid);
    view.receive(message);
    presence.spoke(message.user_uuid);
    if (message.kind === 'system') void people.request();
    afterChange();
    signal.changed();
  };

  const changeOwn = async (seq: number, change: Promise<Message>): Promise<void> => {
    try {
      receive(await change);
    } catch (cause) {
      const error = toApiError(cause);
      if (!error.refused) {
        view.suspect(seq);
        afterChange();
      }
      throw error;
    }
  };

  const loadOlder = async (): Promise<void> => {
    const window = shown();
    if (loadingOlder || window === undefined || !window.hasOlder) return;
    loadingOlder = true;
    signal.changed();
    try {
      view.pageBefore(window.from, await fetchPage({ before_seq: window.from, limit: readerPage }));
    } finally {
      loadingOlder = false;
      signal.changed();
      afterChange();
    }
  };

  const loadNewer = async (): Promise<void> => {
    const window = view.away;
    if (loadingNewer || window === undefined) return;
    loadingNewer = true;
    signal.changed();
    try {
      view.pageAfter(window.to, await fetchPage({ after_seq: window.to, limit: readerPage }));
    } finally {
      loadingNewer = false;
      signal.changed();
      afterChange();
    }
  };

  const findPage = async (query: MessagesQuery): Promise<Page> => {
    const found = await fetchPage({ ...query, limit: readerPage });
    if (found.messages.length > 0) return found;
    return { ...(await fetchPage({ after_seq: 0, limit: readerPage })), hasMore: false };
  };

  /** Shows the window that a query finds; the last jump wins, and what becomes of the others is nobody's concern any more. */
  const jump = async (query: MessagesQuery): Promise<void> => {
    jumps += 1;
    const mine = jumps;
    const page = await findPage(query).catch((error: unknown) => {
      if (mine === jumps) throw error;
    });
    if (page === undefined || mine !== jumps) return;
    view.jumpedTo(page);
    signal.changed();
    await loadNewer().catch(() => undefined); // asked for again as one reads on
  };

  const peopleAsked = people.request();
  void catchUp.request();

  return {
    uuid,
    getSnapshot: signal.getSnapshot,
    subscribe: signal.subscribe,
    get listeners() {
      return signal.listeners;
    },
    send: (text, replyTo) => outbox.send(uuid, text, replyTo),
    edit: (seq, text) => changeOwn(seq, api.editMessage(uuid, seq, text)),
    remove: (seq) => changeOwn(seq, api.deleteMessage(uuid, seq)),
    react: (seq, emoji, on) =>
      changeOwn(seq, on ? api.addReaction(uuid, seq, emoji) : api.removeReaction(uuid, seq, emoji)),
    loadOlder,
    loadNewer,
    jumpToDate: (at) => jump({ at }),
    jumpToSeq: async (seq) => {
      const window = shown();
      if (window !== undefined && indexOfSeq(window.list, seq) !== -1) return;
      await jump({ before_seq: seq + readerPage / 2 });
    },
    jumpToNewest: () => {
      jumps += 1;
      view.leaveAway();
      signal.changed();
      if (blocksToRepair().length > 0) void repair.request();
    },
    setVisible: (from, to) => {
      visible = { from, to };
      if (blocksToRepair().length > 0) void repair.request();
    },
    markRead: (seq) => {
      if (seq <= Math.max(readSeq, mark.wanted)) return;
      mark.want(seq);
      signal.changed();
    },
    forgetReadMark: mark.forget,
    typing: () => {
      if (runtime.now() - typedAtMs < typingMs / 2) return;
      typedAtMs = runtime.now();
      api.typing(uuid).catch(() => undefined); // nobody misses a typing mark
    },
    refresh: async () => {
      const windows = [view.away, view.newest].filter((window) => window !== undefined);
      if (windows.length > 0) {
        const ends = windows.flatMap((window) => [window.from, window.to]);
        stale = { from: Math.min(...ends), to: Math.max(...ends) };
        repaired = new Set();
      }
      await Promise.all([catchUp.request(), people.request(), repair.request()]);
    },
    receive,
    typed: (user) => {
      presence.typed(user);
      signal.changed();
    },
    read: (user, seq) => {
      presence.read(user, seq);
      signal.changed();
    },
    rowChanged: (row) => {
      readSeq = row.read_seq;
      if (row.last_seq > (rowSeq ?? 0)) view.reaches(row.last_seq);
      rowSeq = Math.max(row.last_seq, rowSeq ?? 0);
      afterChange();
      signal.changed();
    },
    outboxChanged: signal.changed,
    wake: () => {
      for (const task of [catchUp, repair, people, mark]) task.wake();
    },
    stop: () => {
      for (const task of [catchUp, repair, people, mark]) task.stop();
      presence.stop();
    },
  };
};
