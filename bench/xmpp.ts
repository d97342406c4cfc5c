/**
 * Beside XMPP servers with message archive: one-to-one messages stored and delivered, both sides connected, the same texts.
 * A message counts when it has come to the other's connection (and, with us, when its send was acknowledged too).
 */
import { cpuMicrosOf, memoryOf } from './harness/processes.ts';
import { percentile, type Spread, sorted, spreadOf } from './harness/stats.ts';
import { countOf, readTalks, type Talk } from './harness/talk.ts';
import { startParleyChat } from './parley/chat.ts';
import type { ChatClient, ChatServer, StartChatServer } from './rivals/chat.ts';
import { startEjabberd, startProsody } from './rivals/xmpp/servers.ts';

/** Medians over rounds; latencies in milliseconds, CPU in microseconds of the server per message. */
export interface ChatLoad {
  readonly inFlight: number;
  readonly perSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly cpu: Spread;
}

export interface ChatFigures {
  readonly name: string;
  readonly version: string;
  readonly rounds: number;
  readonly delivery: readonly ChatLoad[];
  readonly pagesPerSecond: number;
  readonly pageP50: number;
  readonly pageP99: number;
  readonly idleBytes: number;
  readonly bytesPerThousandConnections: number;
  /** Over all the conversations, sent once before anything else is measured. */
  readonly diskBytesPerMessage: number;
}

export interface XmppComparison {
  /** What was sent, in words. */
  readonly talks: string;
  readonly servers: readonly ChatFigures[];
  readonly skipped: Readonly<Record<string, string>>;
}

const pairCount = 32;
const loads = [1, pairCount] as const;
const connections = 1_000;

interface Pair {
  readonly from: ChatClient;
  readonly to: ChatClient;
  readonly toName: string;
}

interface Running {
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

const run = async (
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

const textsOf = (talks: readonly Talk[]): Texts => {
  const texts = talks.flatMap(({ messages }) => messages.map(({ text }) => text));
  let n = 0;
  return () => texts[n++ % texts.length] ?? 'ok';
};

/** A message that does not come ends the run, with a word on which. */
const deliveryMsMax = 60_000;

const inTime = async (server: string, id: string, delivered: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${server}: ${id} was not delivered`)), deliveryMsMax);
  });
  await Promise.race([delivered, late]).finally(() => clearTimeout(timer));
};

const nextId = (running: Running): string => {
  running.sent += 1;
  return `m${running.sent}`;
};

interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

const round = async (running: Running, inFlight: number, seconds: number, texts: Texts): Promise<Round> => {
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

const pages = async ({ pairs }: Running, seconds: number) => {
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
    pagesPerSecond: times.length / ((performance.now() - begin) / 1_000),
    pageP50: percentile(ascending, 0.5),
    pageP99: percentile(ascending, 0.99),
  };
};

/** Memory that a thousand more connections take. */
const connectMany = async ({ server }: Running, talks: readonly Talk[]): Promise<number> => {
  const before = memoryOf(server.processes);
  const opened: ChatClient[] = [];
  for (const person of onlookers(talks).flat().slice(0, connections)) opened.push(await server.connect(person));
  const bytes = memoryOf(server.processes) - before;
  for (const client of opened) client.close();
  return bytes;
};

/** Sends every conversation once, each between two people of its own; bytes on disk per message. */
const sendAll = async (running: Running, talks: readonly Talk[]): Promise<number> => {
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
  return (server.diskBytes() - before) / countOf(talks);
};

/** Twenty messages in each conversation, so that archive pages are full. */
const fill = async (running: Running, texts: Texts): Promise<void> => {
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

const starts: Readonly<Record<string, StartChatServer>> = {
  parley: startParleyChat,
  prosody: startProsody,
  ejabberd: startEjabberd,
};

/**
 * All that are installed, in alternating rounds.
 *
 * @param conversations a file of real ones; see `readTalks`.
 */
export const measureXmpp = async (
  seconds: number,
  rounds: number,
  conversations: string | undefined,
  say: (line: string) => void,
): Promise<XmppComparison> => {
  const { talks, source } = readTalks(conversations);
  const texts = textsOf(talks);
  const skipped: Record<string, string> = {};
  const running: Running[] = [];
  const diskBytes = new Map<Running, number>();
  try {
    for (const [name, start] of Object.entries(starts)) {
      say(`starting ${name}`);
      const started = await run(name, start, talks);
      if ('skipped' in started) {
        skipped[name] = started.skipped;
        say(`skipping ${name}: ${started.skipped}`);
      } else running.push(started);
    }
    for (const one of running) {
      diskBytes.set(one, await sendAll(one, talks));
      say(`sent all conversations through ${one.server.name}`);
      await fill(one, texts);
    }
    const results = new Map<Running, Map<number, Round[]>>(running.map((one) => [one, new Map()]));
    for (const inFlight of loads) {
      for (const one of running) await round(one, inFlight, Math.min(2, seconds), texts);
      for (let n = 0; n < rounds; n += 1) {
        for (const one of running) {
          const measured = await round(one, inFlight, seconds, texts);
          const byLoad = results.get(one);
          byLoad?.set(inFlight, [...(byLoad.get(inFlight) ?? []), measured]);
        }
      }
      say(`measured delivery, ${inFlight} in flight`);
    }
    const servers: ChatFigures[] = [];
    for (const one of running) {
      const archive = await pages(one, seconds);
      servers.push({
        name: one.server.name,
        version: one.server.version,
        rounds,
        delivery: [...(results.get(one) ?? [])].map(([inFlight, measured]) => ({
          inFlight,
          perSecond: spreadOf(measured.map((single) => single.perSecond)),
          p50: spreadOf(measured.map((single) => single.p50)),
          p99: spreadOf(measured.map((single) => single.p99)),
          cpu: spreadOf(measured.map((single) => single.cpu)),
        })),
        ...archive,
        idleBytes: one.idleBytes,
        bytesPerThousandConnections: await connectMany(one, talks),
        diskBytesPerMessage: diskBytes.get(one) ?? Number.NaN,
      });
      say(`measured ${one.server.name}`);
    }
    return { talks: source, servers, skipped };
  } finally {
    for (const one of running) {
      for (const { from, to } of one.pairs) {
        from.close();
        to.close();
      }
      await one.server.stop();
    }
  }
};
