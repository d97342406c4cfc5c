/** The network between clients and `tiny-server.ts`: slow, out of order, losing requests and answers, cutting streams. */
import type { Fetch } from '#client/runtime';
import { heartbeatMs } from '#protocol/events';
import { problemMediaType } from '#protocol/problem';
import type { TinyAnswer, TinyServer } from './tiny-server.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Chances in [0, 1], for each request or event. */
export interface Faults {
  /** The longest that a request, an answer or an event is under way; each takes its own time, so they overtake. */
  delayMsMax: number;
  requestLost: number;
  answerLost: number;
  /** No answer, and no end either. */
  hangs: number;
  /** 503 without being handled. */
  unavailable: number;
  eventLost: number;
  eventTwice: number;
  /** Of one stream, which is one connection; without it they overtake too, as on their way to it from several nodes. */
  eventsInOrder?: boolean;
  /** For each event: the stream breaks with it. */
  streamBreaks: number;
}

export const noFaults: Faults = {
  delayMsMax: 0,
  requestLost: 0,
  answerLost: 0,
  hangs: 0,
  unavailable: 0,
  eventLost: 0,
  eventTwice: 0,
  streamBreaks: 0,
};

export interface FaultyNetwork {
  faults: Faults;
  fetchAs(user: string): Fetch;
  /** Breaks every open stream of the user, or of all. */
  breakStreams(user?: string): void;
  readonly openStreams: number;
}

const toResponse = (answer: TinyAnswer): Response =>
  new Response(answer.body === undefined ? null : JSON.stringify(answer.body), {
    status: answer.status,
    headers: { 'content-type': answer.status >= 400 ? problemMediaType : 'application/json', ...answer.headers },
  });

export const createFaultyNetwork = (time: VirtualTime, random: () => number, server: TinyServer): FaultyNetwork => {
  const streams = new Set<{ readonly user: string; readonly cut: () => void }>();

  const pause = (ms: number): Promise<void> => new Promise((resolve) => void time.setTimer(ms, resolve));
  const chance = (rate: number): boolean => rate > 0 && random() < rate;

  const stream = (user: string, network: FaultyNetwork, signal: AbortSignal | null | undefined): Response => {
    const encoder = new TextEncoder();
    let leave = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        let over = false;
        let arrivesMs = 0;
        let cancelBeat = (): void => undefined;
        const close = (): void => {
          over = true;
          cancelBeat();
          unlisten();
          streams.delete(entry);
        };
        const cut = (): void => {
          if (over) return;
          close();
          controller.error(new TypeError('terminated'));
        };
        const write = (text: string): void => {
          if (!over) controller.enqueue(encoder.encode(text));
        };
        const beat = (): void => {
          write(':\n\n');
          cancelBeat = time.setTimer(heartbeatMs, beat);
        };
        const push = (name: string, data: unknown): void => {
          const { faults } = network;
          if (chance(faults.streamBreaks)) cut();
          if (over || chance(faults.eventLost)) return;
          const text = `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
          arrivesMs = Math.max(faults.eventsInOrder ? arrivesMs : 0, time.now() + random() * faults.delayMsMax);
          time.setTimer(arrivesMs - time.now(), () => write(text));
          if (chance(faults.eventTwice)) time.setTimer(random() * faults.delayMsMax, () => write(text));
        };
        const entry = { user, cut };
        const unlisten = server.listen(user, push);
        streams.add(entry);
        leave = close;
        write(`event: hello\ndata: {"server_time":"${new Date(time.now()).toISOString()}"}\n\n`);
        beat();
        signal?.addEventListener('abort', cut);
      },
      cancel: () => leave(),
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };

  const answer = async (user: string, network: FaultyNetwork, url: string, init: RequestInit): Promise<Response> => {
    const { faults } = network;
    if (faults.delayMsMax > 0) await pause(random() * faults.delayMsMax);
    if (chance(faults.hangs)) return new Promise(() => undefined);
    if (chance(faults.requestLost)) throw new TypeError('fetch failed');
    if (url.endsWith('/v1/events')) return stream(user, network, init.signal);
    if (chance(faults.unavailable)) {
      const body = { type: 'about:blank', title: 'away', status: 503, detail: 'away', code: 'unavailable' };
      return toResponse({ status: 503, body, headers: { 'retry-after': '1' } });
    }
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    const result = server.handle({ method: init.method ?? 'GET', url, body, user });
    if (faults.delayMsMax > 0) await pause(random() * faults.delayMsMax);
    if (chance(faults.answerLost)) throw new TypeError('fetch failed');
    return toResponse(result);
  };

  const network: FaultyNetwork = {
    faults: noFaults,
    get openStreams() {
      return streams.size;
    },
    fetchAs: (user) => (url, init) =>
      new Promise((resolve, reject) => {
        const stop = () => reject(new DOMException('aborted', 'AbortError'));
        if (init.signal?.aborted) stop();
        init.signal?.addEventListener('abort', stop);
        answer(user, network, url, init).then(resolve, reject);
      }),
    breakStreams: (user) => {
      for (const one of [...streams]) if (user === undefined || one.user === user) one.cut();
    },
  };
  return network;
};
