/**
 * The outbox: messages of mine until they are in the log. Each keeps its uuid over every repetition and reload, which is
 * what makes a send exactly once (LOG-4). Within a conversation one is under way at a time, in the order composed; a
 * failed one steps aside for those behind it.
 *
 * A new uuid is a new message to the service, so one is given only where it is certain that the old one was not written and
 * will not be: after a refusal by the clock (`clock_ahead`, `uuid_expired`), when every attempt so far was answered with a
 * refusal, and by so much that every other node refuses it too (the same request may come twice: browsers and proxies repeat
 * what lost its connection). An attempt without an answer, or an outbox loaded from storage, may have got through. Such a
 * message keeps its uuid: too early, it waits for the server's clock; too old, it fails, says so (`maybeWritten`), and the
 * user decides.
 */
import { clockSkewMsMax, uuidAgeMsMax } from '#domain/limits';
import { uuidV7Time } from '#domain/uuid';
import type { Message, NewMessage } from '#protocol/shapes';
import { ApiError, toApiError } from './failure.ts';
import type { SentMessage } from './http.ts';
import { type OutboxItem, type OutboxStorage, outboxFromText, outboxItemsMax, outboxToText } from './outbox-storage.ts';
import { backoffMs, backoffMsMax, mintUuid, type Runtime } from './runtime.ts';
import { createSignal, type Observable } from './signal.ts';
import type { Send, SendState } from './view.ts';

/** New uuids that one message is given by itself: one for a wrong clock, one for a clock that was set meanwhile. */
const renamesMax = 2;
/** A message waits at most so long for the server's clock to reach its uuid. */
const clockWaitMsMax = 3_600_000;

/** Posts under way at a time, each in a conversation of its own: a long outbox is no flood when the network comes back. */
const postsMax = 4;

/** A turn in a conversation: under way, or with `cancel` waiting for the next attempt. */
interface Lane {
  readonly uuid: string;
  cancel?: () => void;
}

/** Too many messages wait already; the text stays with the composer. */
export class OutboxFull extends Error {
  constructor() {
    super(`more than ${outboxItemsMax} messages wait to be sent`);
    this.name = 'OutboxFull';
  }
}

export interface OutboxOptions {
  readonly runtime: Runtime;
  readonly storage: OutboxStorage;
  /** `api.sendMessage`. */
  readonly post: (conversation: string, body: NewMessage) => Promise<SentMessage>;
  /** The server's time, as far as it is known. */
  readonly serverNow: () => number;
  /** An answer said what the server's time is. */
  readonly onServerTime: (ms: number) => void;
  /** In the log: told once for each message whose answer came. */
  readonly onSent: (message: Message) => void;
}

export interface Outbox extends Observable<readonly Send[]> {
  /** What waits for the storage to load comes after what it holds. Throws `OutboxFull`. Returns the uuid. */
  send(conversation: string, text: string, replyTo?: number): string;
  retry(uuid: string): void;
  discard(uuid: string): void;
  /** A message of mine was seen in the log: it needs no answer any more. */
  confirm(uuid: string): void;
  ofConversation(conversation: string): readonly Send[];
  /** Once, before anything is sent. Storage that fails counts as empty. */
  load(): Promise<void>;
  wake(): void;
  stop(): void;
}

const stateOf = (item: OutboxItem): SendState => {
  if (item.failed !== undefined) return { status: 'failed', code: item.failed, maybeWritten: item.maybeWritten };
  const waiting = item.retryAtMs === undefined ? {} : { retryAtMs: item.retryAtMs };
  return { status: 'pending', attempts: item.attempts, ...waiting };
};

const sendOf = (item: OutboxItem): Send => {
  const { uuid, conversation, text, composedAtMs, replyTo } = item;
  return {
    uuid,
    conversation,
    text,
    composedAtMs,
    ...(replyTo === undefined ? {} : { replyTo }),
    state: stateOf(item),
  };
};

const without = <K extends 'retryAtMs' | 'failed'>(item: OutboxItem, name: K): Omit<OutboxItem, K> => {
  const { [name]: _, ...rest } = item;
  return rest;
};

export const createOutbox = (options: OutboxOptions): Outbox => {
  const { runtime, storage, post, serverNow, onServerTime, onSent } = options;
  let items: readonly OutboxItem[] = [];
  let loaded = false;
  /** Seen in the log before the storage was loaded, which may still hold them. */
  const confirmedEarly = new Set<string>();
  let stopped = false;
  /** By conversation: the message that has its turn, under way or (`cancel`) waiting for a timer. */
  const lanes = new Map<string, Lane>();
  const signal = createSignal((): readonly Send[] => items.map(sendOf));

  let saving = false;
  let unsaved = false;
  /** A full or refused storage leaves the outbox in memory: sending goes on, only a reload would lose it. */
  const save = (): void => {
    if (!loaded) return;
    if (saving) {
      unsaved = true;
      return;
    }
    saving = true;
    unsaved = false;
    const saved = (): void => {
      saving = false;
      if (unsaved) save();
    };
    try {
      const promise = storage.save(outboxToText(items));
      if (promise === undefined) saved();
      else promise.then(saved, saved);
    } catch {
      saved();
    }
  };

  const find = (uuid: string): OutboxItem | undefined => items.find((item) => item.uuid === uuid);

  const change = (next: readonly OutboxItem[], saves = true): void => {
    items = next;
    // After the end the storage is the next session's: a page that comes late must not write over it.
    if (saves && !stopped) save();
    signal.changed();
  };

  const replace = (uuid: string, next: OutboxItem, saves: boolean): void =>
    change(
      items.map((item) => (item.uuid === uuid ? next : item)),
      saves,
    );

  const kickAll = (): void => {
    for (const item of items) kick(item.conversation);
  };

  /** Gives the next message of the conversation its turn, when nothing has it. */
  const kick = (conversation: string): void => {
    if (!loaded || stopped || lanes.has(conversation)) return;
    const underWay = [...lanes.values()].filter((lane) => lane.cancel === undefined).length;
    if (underWay >= postsMax) return;
    const item = items.find((one) => one.conversation === conversation && one.failed === undefined);
    if (item !== undefined) attempt(item);
  };

  const attempt = (waiting: OutboxItem): void => {
    const item = { ...without(waiting, 'retryAtMs'), attempts: waiting.attempts + 1 };
    const lane: Lane = { uuid: item.uuid };
    lanes.set(item.conversation, lane);
    replace(item.uuid, item, false);
    const reply = item.replyTo === undefined ? {} : { reply_to: item.replyTo };
    post(item.conversation, { uuid: item.uuid, message: item.text, ...reply }).then(
      ({ message }) => {
        if (stopped) return;
        if (message?.uuid === item.uuid) written(lane, item, message);
        else missed(lane, item, new ApiError('unreadable_answer', 'the answer is about another message'));
      },
      (error: unknown) => missed(lane, item, toApiError(error)),
    );
  };

  const release = (lane: Lane, conversation: string): boolean => {
    if (lanes.get(conversation) !== lane) return false; // the log showed it before the answer came
    lane.cancel?.();
    lanes.delete(conversation);
    return true;
  };

  const written = (lane: Lane, item: OutboxItem, message: Message): void => {
    if (release(lane, item.conversation)) change(items.filter((one) => one.uuid !== item.uuid));
    onSent(message);
    kickAll();
  };

  /** Waits, the message keeping its turn, so that nothing behind it overtakes. */
  const wait = (lane: Lane, item: OutboxItem, ms: number): void => {
    const cancel = runtime.setTimer(ms, () => {
      if (release(lane, item.conversation)) kick(item.conversation);
      kickAll();
    });
    lanes.set(item.conversation, Object.assign(lane, { cancel }));
    replace(item.uuid, { ...item, retryAtMs: runtime.now() + ms }, false);
    kickAll();
  };

  const fail = (lane: Lane, item: OutboxItem, error: ApiError): void => {
    release(lane, item.conversation);
    replace(item.uuid, { ...item, failed: error.code }, true);
    kickAll();
  };

  const rename = (lane: Lane, item: OutboxItem): void => {
    release(lane, item.conversation);
    const uuid = mintUuid(runtime.random, serverNow());
    replace(item.uuid, { ...item, uuid, renamed: item.renamed + 1 }, true);
    kickAll();
  };

  const missed = (lane: Lane, sent: OutboxItem, error: ApiError): void => {
    if (stopped || lanes.get(sent.conversation) !== lane) return;
    const item = { ...sent, maybeWritten: sent.maybeWritten || !error.refused };
    if (error.serverTimeMs !== undefined) onServerTime(error.serverTimeMs);
    const pauseMs = Math.max(backoffMs(item.attempts, runtime.random), error.retryAfterMs ?? 0);
    const aheadMs = uuidV7Time(item.uuid) - (error.serverTimeMs ?? serverNow());
    const earlyMs = aheadMs - clockSkewMsMax;
    const lateMs = -aheadMs - uuidAgeMsMax;
    const byClock = error.code === 'clock_ahead' || error.code === 'uuid_expired';
    const byEveryClock = Math.max(earlyMs, lateMs) > clockSkewMsMax;
    if (error.code === 'unauthenticated') {
      wait(lane, item, backoffMsMax);
    } else if (!error.refused || error.passing) {
      wait(lane, item, pauseMs);
    } else if (byClock && byEveryClock && !item.maybeWritten && item.renamed < renamesMax) {
      rename(lane, item);
    } else if (error.code === 'clock_ahead' && (item.maybeWritten || !byEveryClock) && earlyMs <= clockWaitMsMax) {
      wait(lane, item, Math.max(earlyMs, pauseMs));
    } else if (error.code === 'uuid_expired' && !item.maybeWritten && !byEveryClock) {
      wait(lane, item, Math.max(clockSkewMsMax - lateMs, pauseMs));
    } else {
      fail(lane, item, error);
    }
  };

  return {
    getSnapshot: signal.getSnapshot,
    subscribe: signal.subscribe,
    ofConversation: (conversation) => signal.getSnapshot().filter((send) => send.conversation === conversation),

    send: (conversation, text, replyTo) => {
      if (items.length >= outboxItemsMax) throw new OutboxFull();
      const uuid = mintUuid(runtime.random, serverNow());
      const reply = replyTo === undefined ? {} : { replyTo };
      const state = { attempts: 0, maybeWritten: false, renamed: 0 };
      change([...items, { uuid, conversation, text, ...reply, composedAtMs: runtime.now(), ...state }]);
      kick(conversation);
      return uuid;
    },

    retry: (uuid) => {
      const item = find(uuid);
      if (item?.failed === undefined) return;
      const fresh = { ...without(item, 'failed'), attempts: 0, renamed: 0 };
      // These would be refused again: the user's word is what a new uuid needs.
      const renamed = item.failed === 'uuid_expired' || item.failed === 'clock_ahead' || item.failed === 'uuid_reused';
      const next = renamed ? { ...fresh, uuid: mintUuid(runtime.random, serverNow()), maybeWritten: false } : fresh;
      change([...items.filter((one) => one !== item), next]);
      kick(item.conversation);
    },

    discard: (uuid) => {
      if (find(uuid)?.failed !== undefined) change(items.filter((item) => item.uuid !== uuid));
    },

    confirm: (uuid) => {
      if (!loaded) confirmedEarly.add(uuid);
      const item = find(uuid);
      if (item === undefined) return;
      const lane = lanes.get(item.conversation);
      if (lane?.uuid === uuid) release(lane, item.conversation);
      change(items.filter((one) => one.uuid !== uuid));
      kickAll();
    },

    load: async () => {
      const take = (text: string | null): void => {
        if (stopped || loaded) return;
        loaded = true;
        change([...outboxFromText(text).filter(({ uuid }) => !confirmedEarly.has(uuid)), ...items]);
        confirmedEarly.clear();
        kickAll();
      };
      try {
        const text = storage.load();
        // Taken at once from a synchronous storage, so that nothing can be composed, and lost, before it is read.
        if (text === null || typeof text === 'string') take(text);
        else take(await text);
      } catch {
        take(null);
      }
    },

    wake: () => {
      for (const [conversation, lane] of [...lanes]) if (lane.cancel !== undefined) release(lane, conversation);
      kickAll();
    },

    stop: () => {
      stopped = true;
      for (const lane of lanes.values()) lane.cancel?.();
      lanes.clear();
    },
  };
};
