/**
 * A node's connections to Valkey (or Redis): one for commands, and, once there is something to hear, one that listens.
 */
import type { Redis } from 'iovalkey';
import { type ConnectionOptions, openConnection } from './valkey-connection.ts';
import { openListener, type ValkeyListener } from './valkey-listener.ts';

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
  const { redis: commands, close: closeCommands } = openConnection(options);
  const subscriptions = new Set<Subscription>();
  let listening: ValkeyListener | undefined;
  let closed = false;

  const of = (channel: string): Subscription[] => [...subscriptions].filter((one) => one.channel === channel);
  const hearing = {
    channels: () => new Set([...subscriptions].map((one) => one.channel)),
    message: (channel: string, text: string) => {
      for (const one of subscriptions) if (one.channel === channel) one.message(text);
    },
    restarted: (channel: string) => {
      for (const one of of(channel)) one.restarted();
    },
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
      if (listening === undefined) listening = openListener(options, hearing);
      else listening.listen(channel);
      return () => {
        subscriptions.delete(subscription);
        if (of(channel).length === 0) listening?.unlisten(channel);
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
