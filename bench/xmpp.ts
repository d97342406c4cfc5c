/**
 * Beside XMPP servers with message archive: one-to-one messages stored and delivered, both sides connected, the same texts.
 * A message counts when it has come to the other's connection (and, with us, when its send was acknowledged too).
 */
import { type Spread, spreadOf } from './harness/stats.ts';
import { readTalks } from './harness/talk.ts';
import { startParleyChat } from './parley/chat.ts';
import type { StartChatServer } from './rivals/chat.ts';
import {
  connectMany,
  type DeliveryRound,
  deliveryRound,
  fill,
  pageRound,
  pairCount,
  type Running,
  sendAll,
  startChat,
  textsOf,
} from './rivals/chat-loads.ts';
import { startEjabberd, startProsody } from './rivals/xmpp/servers.ts';

/** Medians over rounds; latencies in milliseconds, CPU in microseconds of the server per message. */
export interface ChatLoad {
  readonly inFlight: number;
  readonly perSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly cpu: Spread;
}

/** Archive pages of 20, one at a time: medians over rounds, in milliseconds. */
export interface PageFigures {
  readonly perSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
}

export interface ChatFigures {
  readonly name: string;
  readonly version: string;
  readonly rounds: number;
  readonly delivery: readonly ChatLoad[];
  readonly pages: PageFigures;
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

const loads = [1, pairCount] as const;
/** A round of archive pages: hundreds of them, or thousands. */
const pageSecondsMax = 1;

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
      const started = await startChat(name, start, talks);
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
    const results = new Map<Running, Map<number, DeliveryRound[]>>(running.map((one) => [one, new Map()]));
    for (const inFlight of loads) {
      for (const one of running) await deliveryRound(one, inFlight, Math.min(2, seconds), texts);
      for (let n = 0; n < rounds; n += 1) {
        for (const one of running) {
          const measured = await deliveryRound(one, inFlight, seconds, texts);
          const byLoad = results.get(one);
          byLoad?.set(inFlight, [...(byLoad.get(inFlight) ?? []), measured]);
        }
      }
      say(`measured delivery, ${inFlight} in flight`);
    }
    const pages = new Map<Running, Awaited<ReturnType<typeof pageRound>>[]>(running.map((one) => [one, []]));
    for (let n = 0; n < rounds; n += 1) {
      for (const one of running) pages.get(one)?.push(await pageRound(one, Math.min(pageSecondsMax, seconds)));
    }
    say('measured archive pages');
    const servers: ChatFigures[] = [];
    for (const one of running) {
      const read = pages.get(one) ?? [];
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
        pages: {
          perSecond: spreadOf(read.map((single) => single.perSecond)),
          p50: spreadOf(read.map((single) => single.p50)),
          p99: spreadOf(read.map((single) => single.p99)),
        },
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
