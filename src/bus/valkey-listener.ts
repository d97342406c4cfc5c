/**
 * What a node hears of Valkey: over one connection, which comes back by itself, and whose place another takes before the server
 * would end it. The other listens before the one stops, so nothing is lost between them, and what both hear is handed on once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, openConnection, type ValkeyConnection } from './valkey-connection.ts';

/** Longer than a connection takes that can be made. Later a successor is given up; the renewal's next try brings another. */
const handOverMsMax = 5_000;
/** What a successor may have heard before its turn: far more than is said in the moment that it mostly takes. */
const heldMax = 10_000;

/** Whom the listener tells. */
export interface Hearing {
  /** The channels to be heard, as of now. */
  readonly channels: () => ReadonlySet<string>;
  readonly message: (channel: string, text: string) => void;
  /** Listening to a channel began: what was said before then, and since it last broke off, was not heard. */
  readonly restarted: (channel: string) => void;
}

export interface ValkeyListener {
  /** Takes up a channel that is new among those to be heard. */
  listen(channel: string): void;
  /** Gives up one that is no more. */
  unlisten(channel: string): void;
  close(): void;
}

/** One connection and what becomes of what it hears. */
interface Ear {
  readonly connection: ValkeyConnection;
  message: Hearing['message'];
  restarted: Hearing['restarted'];
}

const ignore = (): void => undefined;

/** Counts what was heard, and takes away again what is heard a second time. */
const createHeard = () => {
  const counts = new Map<string, number>();
  const nameOf = (channel: string, text: string): string => `${channel} ${text}`;
  return {
    add: (channel: string, text: string): void => {
      const name = nameOf(channel, text);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    take: (channel: string, text: string): boolean => {
      const name = nameOf(channel, text);
      const count = counts.get(name) ?? 0;
      if (count > 0) counts.set(name, count - 1);
      return count > 0;
    },
  };
};

export const openListener = (options: ConnectionOptions, hearing: Hearing): ValkeyListener => {
  const { onFault = ignore } = options;
  let successor: Ear | undefined;
  let closed = false;

  const listenWith = ({ connection, restarted }: Ear, channel: string): void => {
    // One that is not there yet takes up all channels once it is.
    if (connection.redis.status !== 'ready') return;
    connection.redis
      .subscribe(channel)
      .then(() => restarted(channel))
      .catch(onFault);
  };

  const openEar = (message: Hearing['message'], restarted: Hearing['restarted']): Ear => {
    const ear: Ear = { connection: openConnection(options, () => handOver()), message, restarted };
    const { redis } = ear.connection;
    redis.on('ready', () => {
      for (const channel of hearing.channels()) listenWith(ear, channel);
    });
    redis.on('message', (channel: string, text: string) => ear.message(channel, text));
    return ear;
  };

  /** Resolves when the ear hears every channel; false when it takes too long. */
  const hearsAll = async (ear: Ear): Promise<boolean> => {
    const heard = new Set<string>();
    const waiting = new AbortController();
    const all = new Promise<true>((resolve) => {
      ear.restarted = (channel) => {
        heard.add(channel);
        if ([...hearing.channels()].every((one) => heard.has(one))) resolve(true);
      };
    });
    const late = sleep(handOverMsMax, false as const, { ref: false, signal: waiting.signal }).catch(
      () => false as const,
    );
    const inTime = await Promise.race([all, late]);
    waiting.abort();
    return inTime;
  };

  /**
   * 1. The successor listens and holds back what it hears, while the predecessor goes on.
   * 2. The predecessor is told to stop. What was said until then it has handed on when the answer is there, in order.
   * 3. Of what was held back the predecessor's part is passed over, and the rest is handed on.
   * 4. So is what follows, until the answer to a ping: the successor's own line may have been behind the predecessor's.
   */
  const handOver = async (): Promise<void> => {
    const before = current;
    const held: [channel: string, text: string][] = [];
    const heard = createHeard();
    let lost = false;
    before.connection.redis.once('close', () => {
      lost = true;
    });
    const after = openEar((channel, text) => {
      if (held.length < heldMax) held.push([channel, text]);
      else lost = true;
    }, ignore);
    successor = after;
    after.connection.redis.once('ready', () => {
      before.message = (channel, text) => {
        heard.add(channel, text);
        hearing.message(channel, text);
      };
    });
    const ready = await hearsAll(after);
    successor = undefined;
    if (closed || !ready) {
      after.connection.close();
      before.message = hearing.message;
      if (closed) return;
      throw new Error('no new connection could take the place of the one that listens');
    }
    await before.connection.redis.unsubscribe().catch(() => {
      lost = true;
    });
    current = after;
    after.message = (channel, text) => {
      if (!heard.take(channel, text)) hearing.message(channel, text);
    };
    after.restarted = hearing.restarted;
    for (const [channel, text] of held) after.message(channel, text);
    const missed = lost;
    before.connection.close();
    if (missed) for (const channel of hearing.channels()) hearing.restarted(channel);
    await after.connection.redis.ping().catch(ignore);
    after.message = hearing.message;
  };

  let current = openEar(hearing.message, hearing.restarted);

  return {
    listen: (channel) => {
      for (const ear of [current, successor]) if (ear !== undefined) listenWith(ear, channel);
    },
    unlisten: (channel) => {
      for (const ear of [current, successor]) {
        if (ear?.connection.redis.status === 'ready') ear.connection.redis.unsubscribe(channel).catch(ignore);
      }
    },
    close: () => {
      closed = true;
      current.connection.close();
      successor?.connection.close();
    },
  };
};
