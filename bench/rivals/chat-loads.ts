/** What is done with a chat server that is measured: people connect in pairs, messages go between them, archives are read. */
import { setTimeout } from 'node:timers/promises';
import { cpuMicrosOf, memoryOf } from '../harness/processes.ts';
import { percentile, sorted } from '../harness/stats.ts';
import { countOf, type Talk } from '../harness/talk.ts';
import type { ChatClient, ChatServer, StartChatServer } from './chat.ts';

export const pairCount = 32;
const connections = 1_000;

interface Pair {
  readonly from: ChatClient;
  readonly to: ChatClient;
  readonly toName: string;
}

export interface Running {
  readonly server: ChatServer;
  readonly idleBytes: number;
  readonly pairs: readonly Pair[];
  sent: number;
}

const pairsNamed = (count: number, from: string, to: string): readonly (readonly [string, string])[] =>
  Array.from({ length: count }, (_, n) => [`${from}${n}`, `${to}${n}`] as const);

/** Those whose messages are timed, each a person of their own. */
const names = pairsNamed(pairCount, 'a', 'b');
/** Two people for each conversation that is sent once, and enough of them to hold the connections that are counted. */
const onlookers = (talks: readonly Talk[]) => pairsNamed(Math.max(connections / 2, talks.length), 'c', 'd');

/** Starts it, and connects those whose messages are timed. */
export const startChat = async (
  name: string,
  start: StartChatServer,
  talks: readonly Talk[],
): Promise<Running | { readonly skipped: string }> => {
  const server = await start();
  if ('skipped' in server) return server;
  try {
    await server.prepare([...names, ...onlookers(talks)]);
    const idleBytes = memoryOf(server.processes);
    const pairs: Pair[] = [];
    for (const [a, b] of names) pairs.push({ from: await server.connect(a), to: await server.connect(b), toName: b });
    return { server, idleBytes, pairs, sent: 0 };
  } catch (error) {
    await server.stop();
    throw new Error(`${name}: nobody can connect`, { cause: error });
  }
};

/** The next text of the conversations, over and over. */
type Texts = () => string;

export const textsOf = (talks: readonly Talk[]): Texts => {
  const texts = talks.flatMap(({ messages }) => messages.map(({ text }) => text));
  let n = 0;
  return () => texts[n++ % texts.length] ?? 'ok';
};

/** A message that does not come ends the run, with a word on which. */
const deliveryMsMax = 60_000;

const inTime = async (server: string, id: string, delivered: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = globalThis.setTimeout(() => reject(new Error(`${server}: ${id} was not delivered`)), deliveryMsMax);
  });
  await Promise.race([delivered, late]).finally(() => clearTimeout(timer));
};

const nextId = (running: Running): string => {
  running.sent += 1;
  return `m${running.sent}`;
};

export interface DeliveryRound {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

/** Messages of so many pairs at once; latency is from the send to the other's connection. */
export const deliveryRound = async (
  running: Running,
  inFlight: number,
  seconds: number,
  texts: Texts,
): Promise<DeliveryRound> => {
  const times: number[] = [];
  const cpuBefore = cpuMicrosOf(running.server.processes);
  const begin = performance.now();
  const lane = async ({ from, to, toName }: Pair): Promise<void> => {
    while (performance.now() < begin + seconds * 1_000) {
      const id = nextId(running);
      const delivered = to.delivered(id);
      const started = performance.now();
      const sent = from.send(toName, id, texts());
      await inTime(running.server.name, id, delivered);
      times.push(performance.now() - started);
      await sent;
    }
  };
  await Promise.all(running.pairs.slice(0, inFlight).map(lane));
  const took = (performance.now() - begin) / 1_000;
  const ascending = sorted(times);
  return {
    perSecond: times.length / took,
    p50: percentile(ascending, 0.5),
    p99: percentile(ascending, 0.99),
    cpu: (cpuMicrosOf(running.server.processes) - cpuBefore) / times.length,
  };
};

/** Archive pages of 20, one at a time. */
export const pageRound = async ({ pairs }: Running, seconds: number) => {
  const times: number[] = [];
  const begin = performance.now();
  for (let n = 0; performance.now() < begin + seconds * 1_000; n += 1) {
    const pair = pairs[n % pairs.length];
    if (pair === undefined) break;
    const started = performance.now();
    const count = await pair.from.page(pair.toName);
    times.push(performance.now() - started);
    if (count !== 20) throw new Error(`an archive page of ${count}`);
  }
  const ascending = sorted(times);
  return {
    perSecond: times.length / ((performance.now() - begin) / 1_000),
    p50: percentile(ascending, 0.5),
    p99: percentile(ascending, 0.99),
  };
};

/** Memory that a thousand more connections take. */
export const connectMany = async ({ server }: Running, talks: readonly Talk[]): Promise<number> => {
  const before = memoryOf(server.processes);
  const opened: ChatClient[] = [];
  for (const person of onlookers(talks).flat().slice(0, connections)) opened.push(await server.connect(person));
  const bytes = memoryOf(server.processes) - before;
  for (const client of opened) client.close();
  return bytes;
};

/** What a server does with its files after a burst, it has done by then. */
const restMs = 5_000;

/** Sends every conversation once, each between two people of its own; bytes on disk per message. */
export const sendAll = async (running: Running, talks: readonly Talk[]): Promise<number> => {
  const { server } = running;
  const before = server.diskBytes();
  const say = async ({ messages }: Talk, [a, b]: readonly [string, string]): Promise<void> => {
    const one = { client: await server.connect(a), name: a };
    const other = { client: await server.connect(b), name: b };
    for (const { first, text } of messages) {
      const id = nextId(running);
      const [author, reader] = first ? [one, other] : [other, one];
      const delivered = reader.client.delivered(id);
      await author.client.send(reader.name, id, text);
      await inTime(server.name, id, delivered);
    }
    one.client.close();
    other.client.close();
  };
  const waiting = talks.entries();
  const lane = async (): Promise<void> => {
    for (const [n, talk] of waiting) await say(talk, onlookers(talks)[n] ?? ['', '']);
  };
  await Promise.all(Array.from({ length: pairCount }, lane));
  await setTimeout(restMs);
  return (server.diskBytes() - before) / countOf(talks);
};

/** Twenty messages in each conversation, so that archive pages are full. */
export const fill = async (running: Running, texts: Texts): Promise<void> => {
  for (let n = 0; n < 20; n += 1) {
    await Promise.all(
      running.pairs.map(async ({ from, to, toName }) => {
        const id = nextId(running);
        const delivered = to.delivered(id);
        await from.send(toName, id, texts());
        await inTime(running.server.name, id, delivered);
      }),
    );
  }
};
