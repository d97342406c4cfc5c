/**
 * The live connection: server-sent events over fetch (EventSource cannot carry a token), connected again for as long as
 * it is wanted. It promises nothing about completeness: whoever listens fetches what may be missing at each `hello`.
 */
import type { LiveEventName, LiveEvents } from '#protocol/events';
import { heartbeatMs } from '#protocol/events';
import { toApiError } from './failure.ts';
import { backoffMs, type Runtime } from './runtime.ts';
import { createSignal, type Observable } from './signal.ts';
import { createSseParser } from './sse.ts';
import type { LiveState } from './view.ts';

/** Two heartbeats and a little may be missed; after that the connection is taken for dead. */
export const silenceMsMax = 2 * heartbeatMs + 5_000;
/** A connection that held this long starts counting attempts anew; a shorter one keeps backing off. */
const steadyMs = 10_000;
/** The server cannot send a client away for longer. */
const askedMsMax = 600_000;

/** An event by its name, as a discriminated union. */
export type LiveEvent = {
  readonly [Name in LiveEventName]: { readonly name: Name; readonly data: LiveEvents[Name] };
}[LiveEventName];

const names: Readonly<Record<LiveEventName, true>> = {
  'message.created': true,
  'message.updated': true,
  'conversation.updated': true,
  'read.updated': true,
  typing: true,
  hello: true,
  bye: true,
};

/** The event that a name and a text of JSON make; undefined for an unknown name, which a newer server may send. */
const parseEvent = (name: string, text: string): LiveEvent | undefined => {
  if (!Object.hasOwn(names, name)) return undefined;
  const data: unknown = JSON.parse(text);
  if (typeof data !== 'object' || data === null) throw new TypeError(`the event ${name} is not an object`);
  return { name, data } as LiveEvent; // the service's own schemas made it
};

export interface LiveOptions {
  readonly runtime: Runtime;
  /** Opens the stream: `api.events`. */
  readonly open: (signal: AbortSignal) => Promise<Response>;
  /** Called in the order of arrival, `hello` and `bye` included. */
  readonly onEvent: (event: LiveEvent) => void;
}

export interface Live extends Observable<LiveState> {
  /** Connects, and stays connected until `stop`. */
  start(): void;
  /** Ends a wait at once. */
  wake(): void;
  stop(): void;
}

/** Reads a stream of events to its end. Rejects when it breaks. */
const readEvents = async (
  body: ReadableStream<Uint8Array>,
  heard: () => void,
  parse: (text: string) => void,
): Promise<void> => {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
};

export const createLive = ({ runtime, open, onEvent }: LiveOptions): Live => {
  let state: LiveState = { status: 'closed', reason: 'not_started' };
  const signal = createSignal(() => state);
  /** Counts connections: what an old one still does is told by its number. */
  let generation = 0;
  let attempt = 0;
  let abort: AbortController | undefined;
  let cancelWait: (() => void) | undefined;
  /** What the server asked for, by `retry:` or by `bye`. */
  let askedMs: number | undefined;

  const become = (next: LiveState): void => {
    state = next;
    signal.changed();
  };

  const wait = (afterMs: number): void => {
    become({ status: 'waiting', attempt, retryAtMs: runtime.now() + afterMs });
    cancelWait = runtime.setTimer(afterMs, connect);
  };

  /** One connection from its first byte to its end; resolves when it is over, however it ended. */
  const connection = async (mine: number, controller: AbortController): Promise<void> => {
    const response = await open(controller.signal);
    if (response.body === null) return;
    let heardAt = runtime.now();
    let cancelWatch = (): void => undefined;
    const watch = (): void => {
      const silent = runtime.now() - heardAt;
      if (silent >= silenceMsMax) controller.abort();
      else cancelWatch = runtime.setTimer(silenceMsMax - silent, watch);
    };
    const parse = createSseParser({
      event: (name, text) => {
        if (mine !== generation) return;
        const event = parseEvent(name, text);
        if (event?.name === 'hello') become({ status: 'open', sinceMs: runtime.now() });
        if (event?.name === 'bye') askedMs = Math.min(askedMsMax, Number(event.data.retry_ms) || 0);
        if (event !== undefined) onEvent(event);
      },
      retry: (ms) => {
        askedMs = Math.min(askedMsMax, ms);
      },
    });
    watch();
    try {
      await readEvents(response.body, () => (heardAt = runtime.now()), parse);
    } finally {
      cancelWatch();
    }
  };

  const connect = (): void => {
    cancelWait?.();
    cancelWait = undefined;
    generation += 1;
    const mine = generation;
    const controller = new AbortController();
    abort = controller;
    attempt += 1;
    askedMs = undefined;
    become({ status: 'connecting', attempt });
    connection(mine, controller).then(
      () => ended(mine, undefined),
      (error: unknown) => ended(mine, error),
    );
  };

  const ended = (mine: number, error: unknown): void => {
    if (mine !== generation) return;
    abort?.abort();
    if (error !== undefined && toApiError(error).status === 401) {
      become({ status: 'closed', reason: 'unauthenticated' });
      return;
    }
    if (state.status === 'open' && runtime.now() - state.sinceMs >= steadyMs) attempt = 1;
    const own = backoffMs(attempt, runtime.random);
    askedMs ??= error === undefined ? undefined : toApiError(error).retryAfterMs;
    // What the server asks for is spread over as much again, so that a restart does not meet all its clients at once.
    wait(askedMs === undefined ? own : Math.round(Math.max(own, askedMs * (1 + runtime.random()))));
  };

  return {
    getSnapshot: signal.getSnapshot,
    subscribe: signal.subscribe,
    start: () => {
      if (state.status === 'closed') connect();
    },
    wake: () => {
      if (state.status === 'waiting') connect();
    },
    stop: () => {
      generation += 1;
      cancelWait?.();
      abort?.abort();
      become({ status: 'closed', reason: 'stopped' });
    },
  };
};
