/**
 * A node's two connections to Valkey (or Redis): one for commands, one that listens. Both come back by themselves; while they
 * are away commands are refused at once, never queued, so that nobody waits for a server that is gone.
 */
import { Redis } from 'iovalkey';

/** How often both connections are asked for a sign of life. */
const probeMs = 1_000;
/** A connection that has given none for so long is broken off and made anew. */
const silentMsMax = 3_000;
const retryMsMax = 2_000;
/** Bytes that may wait in the socket; past it, as when the server has stopped reading, commands are refused. */
const unsentBytesMax = 8 * 1024 * 1024;

export interface ValkeyLink {
  /** For commands; ask `ready` first. Every command may reject. */
  readonly commands: Redis;
  /** True while the server answers, as far as is known. */
  readonly ready: () => boolean;
  /** Fire and forget; false when it was not even sent. */
  publish(channel: string, text: string): boolean;
  /**
   * Hears a channel until the returned function is called. `restarted` is called whenever listening began, the first time
   * too: what was published before then was not heard.
   */
  subscribe(channel: string, message: (text: string) => void, restarted?: () => void): () => void;
  close(): Promise<void>;
}

interface Subscription {
  readonly channel: string;
  readonly message: (text: string) => void;
  readonly restarted: () => void;
}

/** @param url `redis://`, `rediss://`, `valkey://` or `valkeys://`. @param onFault is told of connection errors; many, while it is away. */
export const openValkey = (url: string, onFault: (error: unknown) => void = () => undefined): ValkeyLink => {
  const options = {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    connectTimeout: silentMsMax,
    commandTimeout: silentMsMax,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), retryMsMax),
  };
  const commands = new Redis(url, options);
  const listener = new Redis(url, options);
  const subscriptions = new Set<Subscription>();
  let closed = false;

  for (const connection of [commands, listener]) connection.on('error', onFault);
  const ignore = (): void => undefined;

  const listen = (channel: string): void => {
    listener
      .subscribe(channel)
      .then(() => {
        for (const one of subscriptions) if (one.channel === channel) one.restarted();
      })
      .catch(onFault);
  };
  listener.on('ready', () => {
    for (const channel of new Set([...subscriptions].map((one) => one.channel))) listen(channel);
  });
  listener.on('message', (channel: string, text: string) => {
    for (const one of subscriptions) if (one.channel === channel) one.message(text);
  });

  const unanswered = { commands: 0, listener: 0 };
  const probe = (name: 'commands' | 'listener', connection: Redis): void => {
    if (connection.status !== 'ready') {
      unanswered[name] = 0;
      return;
    }
    if (unanswered[name] * probeMs >= silentMsMax) {
      unanswered[name] = 0;
      connection.disconnect(true);
      return;
    }
    unanswered[name] += 1;
    connection
      .ping()
      .then(() => {
        unanswered[name] = 0;
      })
      .catch(ignore);
  };
  const probing = setInterval(() => {
    probe('commands', commands);
    probe('listener', listener);
  }, probeMs);
  probing.unref();

  const ready = (): boolean =>
    !closed && commands.status === 'ready' && (commands.stream?.writableLength ?? 0) < unsentBytesMax;

  return {
    commands,
    ready,
    publish: (channel, text) => {
      if (!ready()) return false;
      commands.publish(channel, text).catch(ignore);
      return true;
    },
    subscribe: (channel, message, restarted = ignore) => {
      const subscription = { channel, message, restarted };
      subscriptions.add(subscription);
      if (listener.status === 'ready') listen(channel);
      return () => {
        subscriptions.delete(subscription);
        if (![...subscriptions].some((one) => one.channel === channel) && listener.status === 'ready') {
          listener.unsubscribe(channel).catch(ignore);
        }
      };
    },
    close: async () => {
      closed = true;
      clearInterval(probing);
      subscriptions.clear();
      commands.disconnect();
      listener.disconnect();
    },
  };
};
