/**
 * A node's connections to Valkey (or Redis): one for commands, and, once there is something to hear, one that listens.
 */
import type { Redis } from 'iovalkey';
import { type ConnectionOptions, openConnection, type ValkeyConnection } from './valkey-connection.ts';

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

const ignore = (): void => undefined;

export const openValkey = (options: ConnectionOptions): ValkeyLink => {
  const { onFault = ignore } = options;
  const { redis: commands, close: closeCommands } = openConnection(options);
  const subscriptions = new Set<Subscription>();
  let listening: ValkeyConnection | undefined;
  let closed = false;

  const listen = (listener: Redis, channel: string): void => {
    listener
      .subscribe(channel)
      .then(() => {
        for (const one of subscriptions) if (one.channel === channel) one.restarted();
      })
      .catch(onFault);
  };

  const openListener = (): ValkeyConnection => {
    const opened = openConnection(options);
    const listener = opened.redis;
    listener.on('ready', () => {
      for (const channel of new Set([...subscriptions].map((one) => one.channel))) listen(listener, channel);
    });
    listener.on('message', (channel: string, text: string) => {
      for (const one of subscriptions) if (one.channel === channel) one.message(text);
    });
    return opened;
  };

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
      listening ??= openListener();
      const listener = listening.redis;
      if (listener.status === 'ready') listen(listener, channel);
      return () => {
        subscriptions.delete(subscription);
        if (![...subscriptions].some((one) => one.channel === channel) && listener.status === 'ready') {
          listener.unsubscribe(channel).catch(ignore);
        }
      };
    },
    close: async () => {
      closed = true;
      subscriptions.clear();
      closeCommands();
      listening?.close();
    },
  };
};
