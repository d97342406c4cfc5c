/** Live events (LIVE-1): what the bus carries sealed, opened once on this node and handed to the users' open streams. */
import type { BusEvent } from '#bus/port';
import type { EntryItem, InboxRowItem } from '#store/items';
import type { Deps } from './deps.ts';
import type { Render } from './render.ts';
import type { LiveEvent } from './views.ts';

/** Events waiting to be opened; past it the newest are let go: clients see the gap and fetch (LIVE-2). */
const waitingMax = 10_000;

type Listener = (event: LiveEvent) => void;
type Presence = Extract<LiveEvent, { type: 'typing' | 'read.updated' }>['data'];

export const createLive = (
  { bus }: Pick<Deps, 'bus'>,
  render: Render,
  userChanged: (user: string) => Promise<boolean>,
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
      return (await userChanged(user)) ? undefined : { type: 'signed_out', data: {} };
    }
    return { type: event.type, data: event.body as Presence };
  };

  const deliver = async (event: BusEvent): Promise<void> => {
    const audience = event.to.flatMap((user) => [...(listeners.get(user) ?? [])]);
    if (audience.length === 0 && event.type !== 'user.changed') return;
    const opened = await open(event);
    if (opened !== undefined) for (const listener of audience) listener(opened);
  };

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
      return () => {
        all.delete(listener);
        if (all.size === 0 && listeners.get(user) === all) listeners.delete(user);
      };
    },
    close: stop,
  };
};
