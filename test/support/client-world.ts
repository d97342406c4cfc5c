/** Real clients of several users against the tiny server over the faulty network, in virtual time. */
import { createApi } from '#client/http';
import type { Runtime } from '#client/runtime';
import { createSession } from '#client/session';
import type { Session, TimelineSnapshot } from '#client/view';
import type { Message } from '#protocol/shapes';
import { createFaultyNetwork, type FaultyNetwork } from './faulty-network.ts';
import { createTinyServer, type TinyServer } from './tiny-server.ts';
import { createVirtualTime, seededRandom, type VirtualTime } from './virtual-time.ts';

export interface ClientWorld {
  readonly time: VirtualTime;
  readonly random: () => number;
  readonly server: TinyServer;
  readonly network: FaultyNetwork;
  runtimeOf(user: string, clockErrorMs?: number): Runtime;
  /** A session of the user, started; storage that holds what an earlier session of theirs left. */
  connect(user: string, clockErrorMs?: number): Session;
  /** By user: what their outbox keeps over a reload. */
  readonly stored: Map<string, string>;
}

export const createClientWorld = (
  options: { readonly seed?: number; readonly countsRevisions?: boolean } = {},
): ClientWorld => {
  const random = seededRandom(options.seed ?? 1);
  const time = createVirtualTime();
  const server = createTinyServer(time.now, options.countsRevisions ?? true);
  const network = createFaultyNetwork(time, random, server);
  const stored = new Map<string, string>();
  const runtimeOf = (user: string, clockErrorMs = 0): Runtime => ({
    now: () => time.now() + clockErrorMs,
    random,
    setTimer: time.setTimer,
    fetch: network.fetchAs(user),
  });
  return {
    time,
    random,
    server,
    network,
    stored,
    runtimeOf,
    connect: (user, clockErrorMs) => {
      const runtime = runtimeOf(user, clockErrorMs);
      const api = createApi({ baseUrl: '', ...runtime, token: () => Promise.resolve(user), timeoutMs: 10_000 });
      const storage = {
        load: () => stored.get(user) ?? null,
        save: (text: string) => void stored.set(user, text),
      };
      const session = createSession({ api, runtime, storage, me: { uuid: user } });
      session.start();
      return session;
    },
  };
};

/** The messages that a snapshot shows, without the sends behind them. */
export const messagesOf = (snapshot: TimelineSnapshot): Message[] => {
  const messages: Message[] = [];
  for (let index = 0; index < snapshot.length; index++) {
    const entry = snapshot.at(index);
    if (entry?.kind === 'message') messages.push(entry.message);
  }
  return messages;
};

/** The texts that a snapshot shows, the sends behind the messages included, each with its state. */
export const textsOf = (snapshot: TimelineSnapshot): string[] => {
  const texts: string[] = [];
  for (let index = 0; index < snapshot.length; index++) {
    const entry = snapshot.at(index);
    if (entry?.kind === 'message') texts.push(entry.message.message ?? '(deleted)');
    if (entry?.kind === 'send') texts.push(`${entry.send.text} (${entry.send.state.status})`);
  }
  return texts;
};
