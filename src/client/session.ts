/**
 * Everything of one signed-in user on one device, tied together: live events go to the inbox and to the open timelines;
 * after each `hello` both fetch what the silence before it may have swallowed; the outbox sends what waits.
 *
 * ```ts
 * const runtime = platformRuntime();
 * const api = createApi({ baseUrl: 'https://parley.example', ...runtime, token, timeoutMs: 10_000 });
 * const session = createSession({ api, runtime, storage, me: await api.me() });
 * session.start();
 * session.timeline(uuid).send('hello');
 * ```
 */
import type { Api } from './http.ts';
import { createInbox } from './inbox.ts';
import { createLive, type LiveEvent } from './live.ts';
import { createOutbox } from './outbox.ts';
import type { OutboxStorage } from './outbox-storage.ts';
import type { Runtime } from './runtime.ts';
import { createTimeline, type OpenTimeline } from './timeline.ts';
import type { Session } from './view.ts';

/** Timelines that stay loaded besides those that somebody looks at: the ones a person goes back and forth between. */
const timelinesMax = 8;
/**
 * Push may lose an event although the connection stands. So the inbox is read this often all the same, one read unit; its
 * rows tell the open timelines how far their logs reach, and what is on a screen is fetched again.
 */
export const resyncMs = 300_000;

export interface SessionOptions {
  readonly api: Api;
  readonly runtime: Runtime;
  readonly storage: OutboxStorage;
  readonly me: { readonly uuid: string };
}

export const createSession = ({ api, runtime, storage, me }: SessionOptions): Session => {
  const timelines = new Map<string, OpenTimeline>();
  /** What the server's clock is ahead of this machine's, as the last answer that said so tells it. */
  let aheadMs = 0;
  let cancelResync: (() => void) | undefined;
  let started = false;

  const serverNow = (): number => runtime.now() + aheadMs;
  const onServerTime = (ms: number): void => {
    if (Number.isFinite(ms)) aheadMs = ms - runtime.now();
  };

  const inbox = createInbox({
    me: me.uuid,
    api,
    runtime,
    serverNow,
    onRow: (row) => timelines.get(row.uuid)?.rowChanged(row),
    forgetReadMark: (uuid) => timelines.get(uuid)?.forgetReadMark(),
  });

  const outbox = createOutbox({
    runtime,
    storage,
    post: api.sendMessage,
    serverNow,
    onServerTime,
    onSent: (message) => {
      timelines.get(message.message_group_uuid)?.receive(message);
      inbox.message(message);
    },
  });
  outbox.subscribe(() => {
    for (const timeline of timelines.values()) timeline.outboxChanged();
  });

  const refresh = (): void => {
    void inbox.refresh();
    for (const timeline of timelines.values()) void timeline.refresh();
  };

  const wake = (): void => {
    outbox.wake();
    inbox.wake();
    for (const timeline of timelines.values()) timeline.wake();
  };

  const onEvent = (event: LiveEvent): void => {
    switch (event.name) {
      case 'hello':
        onServerTime(Date.parse(event.data.server_time));
        wake();
        refresh();
        return;
      case 'message.created':
      case 'message.updated':
        if (event.data.user_uuid === me.uuid) outbox.confirm(event.data.uuid);
        timelines.get(event.data.message_group_uuid)?.receive(event.data);
        inbox.message(event.data);
        return;
      case 'conversation.updated':
        inbox.rowEvent(event.data);
        return;
      case 'read.updated': {
        const { message_group_uuid, user_uuid, seq } = event.data;
        if (seq === undefined) return;
        if (user_uuid === me.uuid) inbox.read(message_group_uuid, seq);
        else timelines.get(message_group_uuid)?.read(user_uuid, seq);
        return;
      }
      case 'typing':
        timelines.get(event.data.message_group_uuid)?.typed(event.data.user_uuid);
        return;
      case 'bye': // the connection itself acts on it
        return;
    }
  };

  const live = createLive({ runtime, open: api.events, onEvent });

  const resyncLater = (): void => {
    cancelResync = runtime.setTimer(resyncMs * (1 + runtime.random() / 10), () => {
      void inbox.refresh();
      for (const timeline of timelines.values()) if (timeline.listeners > 0) void timeline.refresh();
      resyncLater();
    });
  };

  /** Lets go of those longest unused, never of one that somebody looks at. */
  const closeUnused = (): void => {
    for (const [uuid, timeline] of [...timelines].slice(0, -1)) {
      if (timelines.size <= timelinesMax) return;
      if (timeline.listeners > 0) continue;
      timeline.stop();
      timelines.delete(uuid);
    }
  };

  const timelineOf = (uuid: string): OpenTimeline => {
    const known = timelines.get(uuid);
    if (known !== undefined) timelines.delete(uuid);
    const timeline =
      known ??
      createTimeline({ uuid, me: me.uuid, api, runtime, outbox, markRead: (seq) => inbox.markRead(uuid, seq) });
    timelines.set(uuid, timeline);
    if (known === undefined) {
      const row = inbox.row(uuid);
      if (row !== undefined) timeline.rowChanged(row);
      closeUnused();
    }
    return timeline;
  };

  return {
    me,
    inbox,
    live,
    sends: outbox,
    timeline: timelineOf,
    retry: outbox.retry,
    discard: outbox.discard,
    start: () => {
      if (started) return;
      started = true;
      void outbox.load();
      void inbox.refresh();
      live.start();
      resyncLater();
    },
    wake: () => {
      live.wake();
      wake();
    },
    stop: () => {
      cancelResync?.();
      live.stop();
      outbox.stop();
      inbox.stop();
      for (const timeline of timelines.values()) timeline.stop();
    },
  };
};
