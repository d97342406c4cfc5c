/**
 * Beside XMPP servers with message archive: one-to-one messages stored and delivered, both sides connected, the same texts.
 * A message counts when it has come to the other's connection (and, with us, when its send was acknowledged too).
 */
import { textOf } from '#cli/capacity/workload';
import { cpuMicrosOf, memoryOf } from './harness/processes.ts';
import { seeded } from './harness/random.ts';
import { percentile, type Spread, sorted, spreadOf } from './harness/stats.ts';
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
  readonly delivery: readonly ChatLoad[];
  readonly pagesPerSecond: number;
  readonly pageP50: number;
  readonly pageP99: number;
  readonly idleBytes: number;
  readonly bytesPerThousandConnections: number;
  readonly diskBytesPerMessage: number;
}

export interface XmppComparison {
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
  readonly diskBefore: number;
  readonly pairs: readonly Pair[];
  sent: number;
}

const pairsNamed = (count: number, from: string, to: string): readonly (readonly [string, string])[] =>
  Array.from({ length: count }, (_, n) => [`${from}${n}`, `${to}${n}`] as const);

/** Those who talk, and those who only hold a connection, each a person of their own. */
const names = pairsNamed(pairCount, 'a', 'b');
const onlookers = pairsNamed(connections / 2, 'c', 'd');

const run = async (name: string, start: StartChatServer): Promise<Running | { readonly skipped: string }> => {
  const server = await start();
  if ('skipped' in server) return server;
  try {
    await server.prepare([...names, ...onlookers]);
    const idleBytes = memoryOf(server.processes);
    const pairs: Pair[] = [];
    for (const [a, b] of names) pairs.push({ from: await server.connect(a), to: await server.connect(b), toName: b });
    return { server, idleBytes, diskBefore: server.diskBytes(), pairs, sent: 0 };
  } catch (error) {
    await server.stop();
    throw new Error(`${name}: nobody can connect`, { cause: error });
  }
};

interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

const round = async (running: Running, inFlight: number, seconds: number, random: () => number): Promise<Round> => {
  const times: number[] = [];
  const cpuBefore = cpuMicrosOf(running.server.processes);
  const begin = performance.now();
  const lane = async ({ from, to, toName }: Pair): Promise<void> => {
    while (performance.now() < begin + seconds * 1_000) {
      running.sent += 1;
      const id = `m${running.sent}`;
      const delivered = to.delivered(id);
      const started = performance.now();
      const sent = from.send(toName, id, textOf(random));
      await delivered;
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
const connectMany = async ({ server }: Running): Promise<number> => {
  const before = memoryOf(server.processes);
  const opened: ChatClient[] = [];
  for (const person of onlookers.flat()) opened.push(await server.connect(person));
  const bytes = memoryOf(server.processes) - before;
  for (const client of opened) client.close();
  return bytes;
};

/** Twenty messages in each conversation, so that archive pages are full. */
const fill = async (running: Running, random: () => number): Promise<void> => {
  for (let n = 0; n < 20; n += 1) await Promise.all(running.pairs.map((pair) => deliver(running, pair, random)));
};

const deliver = async (running: Running, { from, to, toName }: Pair, random: () => number): Promise<void> => {
  running.sent += 1;
  const id = `m${running.sent}`;
  const delivered = to.delivered(id);
  await from.send(toName, id, textOf(random));
  await delivered;
};

const starts: Readonly<Record<string, StartChatServer>> = {
  parley: startParleyChat,
  prosody: startProsody,
  ejabberd: startEjabberd,
};

/** All that are installed, in alternating rounds. */
export const measureXmpp = async (
  seconds: number,
  rounds: number,
  say: (line: string) => void,
): Promise<XmppComparison> => {
  const skipped: Record<string, string> = {};
  const running: Running[] = [];
  const random = seeded(4);
  try {
    for (const [name, start] of Object.entries(starts)) {
      say(`starting ${name}`);
      const started = await run(name, start);
      if ('skipped' in started) {
        skipped[name] = started.skipped;
        say(`skipping ${name}: ${started.skipped}`);
      } else running.push(started);
    }
    for (const one of running) await fill(one, random);
    const results = new Map<Running, Map<number, Round[]>>(running.map((one) => [one, new Map()]));
    for (const inFlight of loads) {
      for (const one of running) await round(one, inFlight, Math.min(2, seconds), random);
      for (let n = 0; n < rounds; n += 1) {
        for (const one of running) {
          const measured = await round(one, inFlight, seconds, random);
          const byLoad = results.get(one);
          byLoad?.set(inFlight, [...(byLoad.get(inFlight) ?? []), measured]);
        }
      }
      say(`measured delivery, ${inFlight} in flight`);
    }
    const servers: ChatFigures[] = [];
    for (const one of running) {
      const diskBytesPerMessage = (one.server.diskBytes() - one.diskBefore) / one.sent;
      const archive = await pages(one, seconds);
      servers.push({
        name: one.server.name,
        version: one.server.version,
        delivery: [...(results.get(one) ?? [])].map(([inFlight, measured]) => ({
          inFlight,
          perSecond: spreadOf(measured.map((single) => single.perSecond)),
          p50: spreadOf(measured.map((single) => single.p50)),
          p99: spreadOf(measured.map((single) => single.p99)),
          cpu: spreadOf(measured.map((single) => single.cpu)),
        })),
        ...archive,
        idleBytes: one.idleBytes,
        bytesPerThousandConnections: await connectMany(one),
        diskBytesPerMessage,
      });
      say(`measured ${one.server.name}`);
    }
    return { servers, skipped };
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
