/**
 * What a script tells the servers beside it: which values their caches may keep no longer, and the events for their open streams.
 * It says and does not listen, for what a script reads comes from the table. Best effort, like any bus: what is not told costs
 * time until the copies expire, never the work itself.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalBus } from '#bus/local';
import type { Bus, BusEvent } from '#bus/port';
import { encodeEvent, eventsChannel } from '#bus/valkey';
import type { ValkeyLink } from '#bus/valkey-link';
import type { ValkeyTarget } from '#bus/valkey-target';
import { createLocalCache } from '#cache/local';
import type { Cache } from '#cache/port';
import { createMarks } from '#cache/valkey-marks';

/** At the end of the work: a connection that is made only then takes a second or two, a sign-in that was refused once some more. */
const tellMsMax = 10_000;
/** Kept for a server that does not answer yet; past it the newest are dropped. */
const eventsMax = 10_000;
const pollMs = 20;

export interface Announcer {
  readonly bus: Bus;
  readonly cache: Cache;
  /** Waits until all has been told, for a while at most, and lets go. False when some of it has not. */
  close(): Promise<boolean>;
}

const now = (): number => Date.now();

/** With nobody to tell. */
const alone = (): Announcer => ({
  bus: createLocalBus(),
  cache: createLocalCache(now, Math.random),
  close: async () => true,
});

/** Over an open link, which it closes. */
export const announceOver = (link: ValkeyLink, msMax = tellMsMax): Announcer => {
  const node = randomUUID();
  const here = createLocalBus();
  const marks = createMarks(link, node);
  let waiting: string[] = [];
  let said = false;

  const tellWaiting = (): void => {
    const texts = waiting;
    waiting = [];
    for (const text of texts) if (!link.publish(eventsChannel, text)) waiting.push(text);
  };
  // After the marks' own listener: whoever hears of a change finds them set.
  link.commands.on('ready', tellWaiting);

  const publish = (event: BusEvent): void => {
    here.publish(event);
    const text = encodeEvent(node, event);
    if (text === undefined) return;
    said = true;
    if (waiting.length < eventsMax) waiting.push(text);
    tellWaiting();
  };

  const toldAll = async (): Promise<boolean> => {
    for (const end = now() + msMax; now() < end; await sleep(pollMs)) {
      if (!link.ready()) continue;
      marks.repeat();
      tellWaiting();
      // On one connection: what was sent before has arrived once this is answered.
      const answered = await link.commands.ping().then(
        () => true,
        () => false,
      );
      if (answered && marks.unsent() === 0 && waiting.length === 0) return true;
    }
    return false;
  };

  return {
    bus: { ...here, publish },
    cache: createLocalCache(now, Math.random, {
      shared: {
        read: async (keys) => keys.map(() => ({ state: 'away' })),
        write: () => undefined,
        invalidate: (keys) => {
          said = true;
          marks.invalidate(keys);
        },
        onInvalidated: () => () => undefined,
      },
    }),
    close: async () => {
      const told = !said || (await toldAll());
      link.commands.off('ready', tellWaiting);
      marks.close();
      await here.close();
      await link.close();
      return told;
    },
  };
};

/** To the servers that share a cache, if the configuration names one. */
export const openAnnouncer = async (target: ValkeyTarget | undefined): Promise<Announcer> => {
  if (target === undefined) return alone();
  // Loaded only when used: a script with nobody to tell starts without it.
  const [{ openTarget }, { createPresigner }, { chainCredentials }] = await Promise.all([
    import('#bus/open-target'),
    import('#table/dynamodb/presign'),
    import('#table/dynamodb/credentials'),
  ]);
  // That it is away is said at the end, and only if there was something to tell.
  return announceOver(openTarget(target, createPresigner(chainCredentials(), now), () => undefined));
};
