/**
 * Server-sent events over many connections: bounded buffers, one shared timer for heartbeats and expiry, an orderly end.
 * A connection costs its socket and one small object.
 */
import { heartbeatMs, type LiveEvents } from '#protocol/events';

type ByeReason = LiveEvents['bye']['reason'];

/** The answer that a stream is written to: what is used here of Node's `ServerResponse`. */
export interface Wire {
  on(event: 'close' | 'error', listener: () => void): unknown;
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  write(frame: Buffer): unknown;
  end(frame: Buffer): unknown;
  destroy(): unknown;
  /** Bytes written that the reader has not taken yet. */
  readonly writableLength: number;
}

/** Each calls back later, until the returned function is called. */
export interface StreamTimers {
  readonly every: (ms: number, run: () => void) => () => void;
  readonly after: (ms: number, run: () => void) => () => void;
}

/** The process's own timers, which hold no process back. */
const processTimers: StreamTimers = {
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** One open stream. Writing after its end does nothing. */
export interface Stream {
  write(frame: Buffer): void;
  end(reason: ByeReason): void;
}

export interface Streams {
  /** Takes the response over; `closed` is called once, however the stream ends. `expires` in milliseconds since the epoch. */
  open(raw: Wire, expires: number, closed: () => void): Stream;
  count(): number;
  /** How many streams were cut off because their reader did not keep up. */
  slowReaders(): number;
  /** Tells every stream to come back later, elsewhere, and ends it. Later ones are ended at once. */
  stop(): void;
}

/** Bytes that wait for one reader: some hundred messages; past it, fetching is cheaper than waiting. */
export const bufferBytesMax = 256 * 1_024;
/** How often expiry is looked at; every stream has its own slot for heartbeats, so that they spread over the interval. */
const tickMs = 1_000;
const slotsCount = heartbeatMs / tickMs;
/** A stream told goodbye has this long to read it. */
const byeMs = 5_000;
const retryMs = { least: 500, spread: 4_500 };

const head = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // A stream that has ended leaves nothing behind: its connection ends with it.
  connection: 'close',
  // Proxies that buffer answers would hold events back.
  'x-accel-buffering': 'no',
};

/** One event as it goes over the wire. */
export const frameOf = (event: string, data: unknown): Buffer =>
  Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);

const heartbeat = Buffer.from(':\n\n');

interface OpenStream extends Stream {
  readonly raw: Wire;
  readonly expires: number;
}

/** @param random 0 ≤ x < 1; spreads reconnections, so that not all come back at once. */
export const createStreams = (
  now: () => number,
  random: () => number,
  timers: StreamTimers = processTimers,
): Streams => {
  const slots: Set<OpenStream>[] = Array.from({ length: slotsCount }, () => new Set());
  let count = 0;
  let opened = 0;
  let ticks = 0;
  let slow = 0;
  let stopped = false;
  let stopTicking: (() => void) | undefined;

  const tick = (): void => {
    ticks += 1;
    const time = now();
    for (const slot of slots) for (const stream of slot) if (stream.expires <= time) stream.end('signed_out');
    for (const stream of slots[ticks % slotsCount] ?? []) stream.write(heartbeat);
  };

  const bye = (reason: ByeReason): Buffer =>
    frameOf('bye', { reason, retry_ms: Math.round(retryMs.least + random() * retryMs.spread) });

  return {
    open: (raw, expires, closed) => {
      const slot = slots[opened % slotsCount] ?? new Set();
      opened += 1;
      let ended = false;
      const stream: OpenStream = {
        raw,
        expires,
        write: (frame) => {
          if (ended) return;
          raw.write(frame);
          if (raw.writableLength <= bufferBytesMax) return;
          slow += 1;
          stream.end('slow_reader');
        },
        end: (reason) => {
          if (ended) return;
          leave();
          raw.end(bye(reason));
          timers.after(byeMs, () => raw.destroy());
        },
      };
      const leave = (): void => {
        if (ended) return;
        ended = true;
        count -= 1;
        slot.delete(stream);
        closed();
        if (count > 0) return;
        stopTicking?.();
        stopTicking = undefined;
      };
      count += 1;
      slot.add(stream);
      stopTicking ??= timers.every(tickMs, tick);
      raw.on('close', leave);
      raw.on('error', leave);
      raw.writeHead(200, head);
      stream.write(frameOf('hello', { server_time: new Date(now()).toISOString() }));
      if (stopped) queueMicrotask(() => stream.end('shutting_down'));
      return stream;
    },
    count: () => count,
    slowReaders: () => slow,
    stop: () => {
      stopped = true;
      for (const slot of slots) for (const stream of [...slot]) stream.end('shutting_down');
    },
  };
};
