/**
 * The live fan-out, measured on the standalone server: the memory of idle event streams; one send on a quiet server and its event
 * at the other participants' streams; and as many messages as one sender brings to a thousand streams, one after the other.
 */
import { setTimeout } from 'node:timers/promises';
import { httpClient } from './harness/http.ts';
import { memoryOf } from './harness/processes.ts';
import { messageUuidAt, seeded } from './harness/random.ts';
import { percentile, sorted } from './harness/stats.ts';
import { figure, markdownTable } from './harness/table.ts';
import { inChunks } from './harness/world.ts';
import { type EventStream, openEvents } from './parley/events.ts';
import { startParleyServer } from './parley/server.ts';

export interface LiveSize {
  readonly idleStreams: number;
  /** Sends on the quiet server. */
  readonly quietSends: number;
  /** Messages to all the streams of the group. */
  readonly messages: number;
}

export const liveSize: LiveSize = { idleStreams: 5_000, quietSends: 200, messages: 300 };
/** Does it run at all? */
export const liveSizeSmall: LiveSize = { idleStreams: 200, quietSends: 10, messages: 10 };

/** Milliseconds from the acknowledged send to the event; an event that overtakes the answer counts as none. */
interface Delivery {
  readonly events: number;
  readonly expected: number;
  readonly p50: number;
  readonly p99: number;
}

export interface LiveFigures {
  readonly idle: { readonly streams: number; readonly bytesBefore: number; readonly bytesWith: number };
  readonly quiet: Delivery & { readonly participants: number };
  readonly busy: Delivery & { readonly streams: number; readonly eventsPerSecond: number };
}

/** A user has at most sixteen streams. */
const streamsEach = 10;
const groupSize = 100;
const quietGroupSize = 10;
/** Between two sends on the quiet server: all that one causes, the rows and the commit included, is over by then. */
const quietMs = 50;
const settleMs = 2_000;
const patienceMs = 60_000;

/** Events by the uuid of their message, as they arrive. */
const createArrivals = () => {
  const at: { readonly uuid: string; readonly ms: number }[] = [];
  return {
    at,
    on: (event: string): void => {
      if (!event.includes('event: message.created')) return;
      at.push({ uuid: /"uuid":"([^"]+)"/.exec(event)?.[1] ?? '', ms: performance.now() });
    },
  };
};

export const measureLive = async (size: LiveSize, say: (line: string) => void): Promise<LiveFigures> => {
  const server = await startParleyServer();
  const { port, pid } = server;
  const http = httpClient(port);
  const random = seeded(1);
  const streams: EventStream[] = [];

  const ask = async (path: string, token: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await http.ask('POST', path, token, body);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as Record<string, unknown>;
  };
  const signIn = async (handle: string): Promise<string> =>
    String((await ask('/v1/dev/sign-in', 'none', { handle })).access_token);
  const signAllIn = (count: number, name: string): Promise<string[]> =>
    inChunks(
      Array.from({ length: count }, (_, index) => `${name}_${index}`),
      signIn,
    );
  const listen = async (tokens: readonly string[], count: number, on: (event: string) => void): Promise<void> => {
    const listeners = Array.from({ length: count }, (_, index) => tokens[index % tokens.length] ?? '');
    await inChunks(listeners, async (token) => streams.push(await openEvents(port, token, on)));
  };
  /** A group, and its people's tokens. */
  const group = async (count: number, name: string) => {
    const tokens = await signAllIn(count, name);
    const handles = tokens.slice(1).map((_, index) => `${name}_${index + 1}`);
    const { uuid } = await ask('/v1/conversations', tokens[0] ?? '', { handles, title: name });
    return { tokens, path: `/v1/conversations/${String(uuid)}/messages` };
  };

  /** Sends one after the other, and waits for the events that are to come of it. */
  const sendAll = async (
    path: string,
    senders: readonly string[],
    count: number,
    expected: number,
    arrivals: ReturnType<typeof createArrivals>,
    pauseMs: number,
  ): Promise<Delivery & { readonly seconds: number }> => {
    const acknowledged = new Map<string, number>();
    const begin = performance.now();
    for (let sent = 0; sent < count; sent += 1) {
      const uuid = messageUuidAt(Date.now(), random);
      await ask(path, senders[sent % senders.length] ?? '', { uuid, message: `number ${sent}` });
      acknowledged.set(uuid, performance.now());
      if (pauseMs > 0) await setTimeout(pauseMs);
    }
    for (let waited = 0; arrivals.at.length < expected && waited < patienceMs; waited += 20) await setTimeout(20);
    const delays = sorted(arrivals.at.map(({ uuid, ms }) => Math.max(0, ms - (acknowledged.get(uuid) ?? ms))));
    return {
      events: arrivals.at.length,
      expected,
      p50: percentile(delays, 0.5),
      p99: percentile(delays, 0.99),
      seconds: ((arrivals.at.at(-1)?.ms ?? begin) - begin) / 1_000,
    };
  };

  try {
    const idlers = await signAllIn(Math.ceil(size.idleStreams / streamsEach), 'idle');
    await setTimeout(settleMs);
    const bytesBefore = memoryOf([pid]);
    say(`live: ${size.idleStreams} idle streams`);
    await listen(idlers, size.idleStreams, () => undefined);
    await setTimeout(settleMs);
    const idle = { streams: size.idleStreams, bytesBefore, bytesWith: memoryOf([pid]) };

    say('live: one send at a time on a quiet server');
    const few = await group(quietGroupSize, 'quiet');
    const quietArrivals = createArrivals();
    const [sender = '', ...others] = few.tokens;
    await listen(others, others.length, quietArrivals.on);
    await setTimeout(settleMs);
    const quietExpected = size.quietSends * others.length;
    const quiet = await sendAll(few.path, [sender], size.quietSends, quietExpected, quietArrivals, quietMs);

    say(`live: messages to ${groupSize * streamsEach} streams`);
    const many = await group(groupSize, 'member');
    const busyArrivals = createArrivals();
    await listen(many.tokens, groupSize * streamsEach, busyArrivals.on);
    await setTimeout(settleMs);
    const busyStreams = groupSize * streamsEach;
    const busyExpected = size.messages * busyStreams;
    const busy = await sendAll(many.path, many.tokens, size.messages, busyExpected, busyArrivals, 0);
    return {
      idle,
      quiet: { ...quiet, participants: others.length },
      busy: { ...busy, streams: busyStreams, eventsPerSecond: busy.events / busy.seconds },
    };
  } finally {
    for (const stream of streams) stream.close();
    http.close();
    await server.stop();
  }
};

/** The figures as a table, beside what was set out for. */
export const liveTable = ({ idle, quiet, busy }: LiveFigures): string => {
  const megabytes = (bytes: number): string => `${figure(bytes / 1e6)} MB`;
  const delivered = ({ p50, p99 }: Delivery): string => `p50 ${figure(p50)} ms, p99 ${figure(p99)} ms`;
  const arrived = ({ events, expected }: Delivery): string => `${figure(events)} of ${figure(expected)}`;
  return markdownTable(
    ['what', 'set out for', 'measured'],
    [
      [`memory with ${figure(idle.streams)} idle streams`, 'within 500 MB', megabytes(idle.bytesWith)],
      ['memory before them', '–', megabytes(idle.bytesBefore)],
      [`one send, quiet: to the streams of ${quiet.participants} others`, 'p50 within 20 ms', delivered(quiet)],
      ['one send, quiet: events that arrived', 'all', arrived(quiet)],
      [
        `sends one after the other, to ${figure(busy.streams)} streams`,
        '–',
        `${figure(busy.eventsPerSecond)} events/s`,
      ],
      ['the same: from acknowledgement to event', '–', delivered(busy)],
      ['the same: events that arrived', 'all', arrived(busy)],
    ],
  );
};
