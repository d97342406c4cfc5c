/**
 * Live events (LIVE-1): what the bus carries sealed, opened once on this node and handed to the users' open streams. Whether
 * their users are still served is looked at again and again, whatever the bus loses (USER-3).
 */
import type { BusEvent } from '#bus/port';
import type { EntryItem, InboxRowItem } from '#store/items';
import type { Deps } from './deps.ts';
import { inParallel } from './in-parallel.ts';
import type { Render } from './render.ts';
import type { LiveEvent } from './views.ts';

/** Events waiting to be opened; past it the newest are let go: clients see the gap and fetch (LIVE-2). */
const waitingMax = 10_000;

/** Users with open streams are looked up this often: with the read itself, below the 5 seconds of USER-3. */
const recheckMs = 3_500;
/** Users in one read, DynamoDB's own bound; each costs half a read unit. */
const usersAtOnce = 100;
/** A node with all the streams it takes is through in half a second. */
const batchesAtOnce = 4;

/** Calls back every so many milliseconds, until the returned function is called. */
export type Every = (ms: number, run: () => void) => () => void;

type Listener = (event: LiveEvent) => void;
type Presence = Extract<LiveEvent, { type: 'typing' | 'read.updated' }>['data'];

/** Both resolve with whether a user is served; neither relies on what this node has in memory. */
export interface Standing {
  /** Somebody said that the user changed. */
  changed(user: string): Promise<boolean>;
  /** The table said so itself: no cache is right that says otherwise. */
  suspected(user: string): Promise<boolean>;
}

export const createLive = (
  { bus, patterns }: Pick<Deps, 'bus' | 'patterns'>,
  render: Render,
  standing: Standing,
  every: Every,
) => {
  const listeners = new Map<string, Set<Listener>>();
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();

  const open = async (event: BusEvent): Promise<LiveEvent | undefined> => {
    if (event.type === 'message.created' || event.type === 'message.updated') {
      return { type: event.type, data: await render.message(event.body as EntryItem) };
    }
    if (event.type === 'conversation.updated') {
      return { type: event.type, data: await render.row(event.body as InboxRowItem) };
    }
    if (event.type === 'user.changed') {
      const [user = ''] = event.to;
      return (await standing.changed(user)) ? undefined : { type: 'signed_out', data: {} };
    }
    return { type: event.type, data: event.body as Presence };
  };

  const deliver = async (event: BusEvent): Promise<void> => {
    const audience = event.to.flatMap((user) => [...(listeners.get(user) ?? [])]);
    if (audience.length === 0 && event.type !== 'user.changed') return;
    const opened = await open(event);
    if (opened !== undefined) for (const listener of audience) listener(opened);
  };

  const tell = (user: string, event: LiveEvent): void => {
    for (const listener of [...(listeners.get(user) ?? [])]) listener(event);
  };

  let checking = false;
  const recheck = async (): Promise<void> => {
    if (checking) return;
    checking = true;
    try {
      const users = [...listeners.keys()];
      const batches: string[][] = [];
      for (let at = 0; at < users.length; at += usersAtOnce) batches.push(users.slice(at, at + usersAtOnce));
      await inParallel(batches, batchesAtOnce, async (asked) => {
        const profiles = await patterns.getProfiles(asked);
        const served = new Set(profiles.flatMap(({ uuid, status }) => (status === 'active' ? [uuid] : [])));
        for (const user of asked) {
          // Asked once more, consistently, before a stream is cut for what a lagging replica said.
          if (!served.has(user) && !(await standing.suspected(user))) tell(user, { type: 'signed_out', data: {} });
        }
      });
    } catch {
      // The table is away: nothing can be told of anybody, and nobody's requests are served either.
    } finally {
      checking = false;
    }
  };
  let stopChecking: (() => void) | undefined;

  const stop = bus.subscribe((event) => {
    const concerned = event.type === 'user.changed' || event.to.some((user) => listeners.has(user));
    if (!concerned || waiting >= waitingMax) return;
    waiting += 1;
    // One after the other, so that a stream sees a conversation's events in the order they were published.
    last = last
      .then(() => deliver(event))
      .catch(() => undefined) // A keyring out of reach: the event is lost, the log is not.
      .finally(() => {
        waiting -= 1;
      });
  });

  return {
    listen: (user: string, listener: Listener): (() => void) => {
      const all = listeners.get(user) ?? new Set();
      listeners.set(user, all);
      all.add(listener);
      stopChecking ??= every(recheckMs, () => void recheck());
      return () => {
        all.delete(listener);
        if (all.size === 0 && listeners.get(user) === all) listeners.delete(user);
        if (listeners.size > 0) return;
        stopChecking?.();
        stopChecking = undefined;
      };
    },
    close: () => {
      stop();
      stopChecking?.();
      stopChecking = undefined;
    },
  };
};
