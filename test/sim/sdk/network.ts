/**
 * The network between clients and nodes. Each request goes to a node of chance. Requests are lost, late, or come twice; answers
 * are lost although the write happened; streams are cut anywhere, in the middle of a character if need be. What a stream carries
 * stays in its order, as TCP keeps it: it is the bus between the nodes that reorders and repeats events.
 */
import type { Fetch } from '#client/runtime';
import { bufferBytesMax, type Wire } from '#server/sse';
import type { Node } from '../nodes.ts';
import type { World } from '../world.ts';
import type { Answer, Request, Service } from './service.ts';

/** Shares of requests, or of the frames of a stream. */
export interface NetworkFaults {
  /** The longest that anything is under way. */
  readonly delayMs: number;
  readonly requestLost: number;
  readonly answerLost: number;
  /** No answer and no end: the client gives up by itself. */
  readonly hangs: number;
  /** The request comes once more, later, perhaps to another node. */
  readonly twice: number;
  /** The stream is cut at this frame. */
  readonly cut: number;
  /** The reader does not keep up at this frame. */
  readonly slow: number;
}

export const clearNetwork: NetworkFaults = {
  delayMs: 5,
  requestLost: 0,
  answerLost: 0,
  hangs: 0,
  twice: 0,
  cut: 0,
  slow: 0,
};

/** Told of what happens on the network. */
export interface NetworkWatch {
  /** A client asked, whether or not that arrives. */
  asked(request: Request): void;
  /** A node answered, whether or not that arrives. */
  answered(request: Request, answer: Answer): void;
}

export interface ClientNetwork {
  faults: NetworkFaults;
  readonly fetch: Fetch;
  /** Everybody whose connection is with this node learns of its end, or never hears of it again. */
  crashed(node: Node): void;
  /** Cuts the streams of a device, or all of them. */
  cut(device?: string): void;
  readonly open: number;
}

/** The header by which a device names itself, so that its streams can be cut. */
export const deviceHeader = 'x-device';

/** @param services the nodes' services as they are at this moment. */
export const createClientNetwork = (
  world: World,
  services: () => readonly Service[],
  watch: NetworkWatch,
): ClientNetwork => {
  const streams = new Set<{ readonly device: string; readonly node: Node; readonly cut: () => void }>();
  const waiting = new Set<{ readonly node: Node; readonly reset: () => void }>();
  const travel = (): Promise<void> => world.wait(world.random() * network.faults.delayMs);
  const reset = (): TypeError => new TypeError('fetch failed');

  const stream = async (service: Service, request: Request, signal: AbortSignal): Promise<Response> => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    let closedOnServer = (): void => undefined;
    let over = false;
    let queued = 0;
    let stalled = false;
    let lastAt = 0;

    const leave = (): void => {
      over = true;
      streams.delete(entry);
      closedOnServer();
    };
    const cut = (): void => {
      if (over) return;
      leave();
      controller?.error(new TypeError('terminated'));
    };
    /** In the order written, each piece some time after it was written. */
    const later = (run: () => void): void => {
      lastAt = Math.max(lastAt, world.now + world.random() * network.faults.delayMs);
      world.after(lastAt - world.now, run);
    };
    const carry = (frame: Buffer): void => {
      queued += frame.length;
      const breaksAt = world.chance(network.faults.cut) ? world.below(frame.length) : undefined;
      const half = world.below(frame.length);
      for (const piece of [frame.subarray(0, half), frame.subarray(half)]) {
        later(() => {
          queued -= piece.length;
          if (over || piece.length === 0) return;
          if (breaksAt === undefined) controller?.enqueue(new Uint8Array(piece));
          else if (piece.byteOffset === frame.byteOffset)
            controller?.enqueue(new Uint8Array(frame.subarray(0, breaksAt)));
          else cut();
        });
      }
    };
    const wire: Wire = {
      on: (event, listener) => {
        if (event === 'close') closedOnServer = listener;
      },
      writeHead: () => undefined,
      write: (frame) => {
        stalled = world.chance(network.faults.slow);
        carry(frame);
      },
      end: (frame) => {
        carry(frame);
        later(() => {
          if (over) return;
          leave();
          controller?.close();
        });
      },
      destroy: cut,
      get writableLength() {
        return stalled ? bufferBytesMax + 1 : queued;
      },
    };
    const entry = { device: request.headers[deviceHeader] ?? '', node: service.node, cut };
    const body = new ReadableStream<Uint8Array>({
      start: (own) => {
        controller = own;
      },
      cancel: () => {
        if (!over) leave();
      },
    });
    streams.add(entry);
    const refusal = await service.open(request, wire);
    if (refusal !== undefined) {
      leave();
      return toResponse(refusal);
    }
    signal.addEventListener('abort', cut);
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };

  const toResponse = ({ status, headers, body }: Answer): Response =>
    new Response(body === '' ? null : body, { status, headers });

  /** A node answers; whoever asked hears of the node's end, if that comes first. */
  const ask = (service: Service, request: Request): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const entry = { node: service.node, reset: () => reject(reset()) };
      waiting.add(entry);
      service
        .ask(request)
        .then((answer) => {
          if (service.node.link.alive) watch.answered(request, answer);
          return answer;
        })
        .finally(() => waiting.delete(entry))
        .then(resolve, reject);
    });

  const answerTo = async (request: Request, signal: AbortSignal): Promise<Response> => {
    const { faults } = network;
    const never = new Promise<never>(() => undefined);
    await travel();
    if (world.chance(faults.hangs)) return never;
    if (world.chance(faults.requestLost)) throw reset();
    const service = world.pick(services());
    if (request.path === '/v1/events') return stream(service, request, signal);
    if (world.chance(faults.twice)) {
      world.after(world.random() * 4 * faults.delayMs, () => {
        ask(world.pick(services()), request).catch(() => undefined);
      });
    }
    const answer = await ask(service, request);
    await travel();
    if (world.chance(faults.answerLost)) throw reset();
    return toResponse(answer);
  };

  const network: ClientNetwork = {
    faults: clearNetwork,
    get open() {
      return streams.size;
    },
    fetch: (url, init) =>
      new Promise((resolve, reject) => {
        const signal = init.signal ?? new AbortController().signal;
        const stop = (): void => reject(new DOMException('aborted', 'AbortError'));
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop);
        const body = typeof init.body === 'string' ? { body: init.body } : {};
        const headers = init.headers as Readonly<Record<string, string>>;
        const request = { method: init.method ?? 'GET', path: url, headers, ...body };
        watch.asked(request);
        answerTo(request, signal).then(resolve, reject);
      }),
    crashed: (node) => {
      for (const one of [...streams]) if (one.node === node) one.cut();
      for (const one of [...waiting]) {
        if (one.node !== node) continue;
        waiting.delete(one);
        if (world.chance(0.7)) world.after(world.random() * network.faults.delayMs, one.reset);
      }
    },
    cut: (device) => {
      for (const one of [...streams]) if (device === undefined || one.device === device) one.cut();
    },
  };
  return network;
};
