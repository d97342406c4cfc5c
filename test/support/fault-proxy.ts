/**
 * An HTTP proxy in front of a DynamoDB server that makes each fault a network and a service can make: refusals, lost
 * requests, lost answers, late ones, damaged ones, and a clock that is apart. Which request meets which fault is decided by
 * a function, so that a test scripts faults one by one or draws them from a seed.
 */
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * - `throttle`, `busy` (503), `crash` (500): an error answer, nothing is forwarded;
 * - `crash_after`: forwarded, answered 500;
 * - `reset_before`, `reset_after`: the connection breaks before or after the request took effect;
 * - `late_answer`: forwarded at once, answered after `delayMs`; `late_request`: forwarded only after `delayMs`;
 * - `truncate`: forwarded, the answer ends in the middle; `corrupt`: forwarded, one byte of the answer is another;
 * - `expired_token`: refused as AWS refuses credentials that have run out.
 */
export const faults = [
  'throttle',
  'busy',
  'crash',
  'crash_after',
  'reset_before',
  'reset_after',
  'late_answer',
  'late_request',
  'truncate',
  'corrupt',
  'expired_token',
] as const;

export type Fault = (typeof faults)[number];

/** The fault for a request, by its operation (`PutItem`); `undefined` forwards it untouched. */
export type Decide = (operation: string) => Fault | undefined;

export interface FaultProxy {
  readonly endpoint: string;
  /** From now on; the default lets everything through. */
  decide(decide: Decide): void;
  /** How far the server's clock is ahead of this machine's; requests signed 5 minutes apart from it are refused. */
  setClock(offsetMs: number): void;
  /** Requests seen, refused ones included. */
  readonly requests: () => number;
  readonly met: (fault: Fault) => number;
  /** Requests refused for their time. */
  readonly skewed: () => number;
  /** Sockets that clients have opened, ever. */
  readonly sockets: () => number;
  close(): Promise<void>;
}

/** The faults in order, one a request, then none. */
export const scripted = (list: readonly (Fault | undefined)[]): Decide => {
  const left = [...list];
  return () => left.shift();
};

/** A small seeded generator, uniform in [0, 1) (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Any fault of the list, each equally often, to this share of the requests. */
export const storm = (random: () => number, share: number, list: readonly Fault[]): Decide => {
  return () => (random() < share ? list[Math.floor(random() * list.length)] : undefined);
};

interface Forwarded {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const skewMsMax = 5 * 60_000;

const readAll = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const amzDate = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

export const startFaultProxy = async (target: string, options: { readonly delayMs: number }): Promise<FaultProxy> => {
  const agent = new Agent({ keepAlive: true });
  const counts = new Map<Fault, number>();
  let decideNow: Decide = () => undefined;
  let clockOffset = 0;
  let requests = 0;
  let skewed = 0;
  let sockets = 0;
  const late = new Set<Promise<unknown>>();

  const forward = (headers: IncomingHttpHeaders, body: Buffer): Promise<Forwarded> =>
    new Promise((resolve, reject) => {
      const onward = request(target, { method: 'POST', agent, headers }, (answer) => {
        readAll(answer).then(
          (all) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: all }),
          reject,
        );
      });
      onward.once('error', reject);
      onward.end(body);
    });

  const refuse = (response: ServerResponse, status: number, type: string): void => {
    response.sendDate = false;
    response.writeHead(status, {
      'content-type': 'application/x-amz-json-1.0',
      date: new Date(Date.now() + clockOffset).toUTCString(),
    });
    response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: `injected: ${type}` }));
  };

  const pass = (response: ServerResponse, { status, headers, body }: Forwarded): void => {
    response.writeHead(status, headers);
    response.end(body);
  };

  const withFault = async (fault: Fault, message: IncomingMessage, body: Buffer, response: ServerResponse) => {
    const breakOff = (): void => {
      message.socket.resetAndDestroy();
    };
    switch (fault) {
      case 'throttle':
        return refuse(response, 400, 'ProvisionedThroughputExceededException');
      case 'busy':
        return refuse(response, 503, 'ServiceUnavailable');
      case 'crash':
        return refuse(response, 500, 'InternalServerError');
      case 'expired_token':
        return refuse(response, 400, 'ExpiredTokenException');
      case 'reset_before':
        return breakOff();
      case 'late_request':
        await sleep(options.delayMs);
        return pass(response, await forward(message.headers, body));
      default:
        return afterwards(fault, await forward(message.headers, body), response, breakOff);
    }
  };

  const afterwards = async (fault: Fault, forwarded: Forwarded, response: ServerResponse, breakOff: () => void) => {
    const middle = Math.floor(forwarded.body.length / 2);
    switch (fault) {
      case 'crash_after':
        return refuse(response, 500, 'InternalServerError');
      case 'reset_after':
        return breakOff();
      case 'late_answer':
        await sleep(options.delayMs);
        return pass(response, forwarded);
      case 'truncate':
        response.writeHead(forwarded.status, forwarded.headers);
        response.write(forwarded.body.subarray(0, middle), breakOff);
        return;
      default: {
        const damaged = Buffer.from(forwarded.body);
        damaged[middle] = (damaged[middle] ?? 0) ^ 1;
        return pass(response, { ...forwarded, body: damaged });
      }
    }
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(message);
    requests += 1;
    const signedAt = amzDate(String(message.headers['x-amz-date']));
    if (!(Math.abs(signedAt - (Date.now() + clockOffset)) <= skewMsMax)) {
      skewed += 1;
      return refuse(response, 400, 'InvalidSignatureException');
    }
    const operation = String(message.headers['x-amz-target']).split('.')[1] ?? '';
    const fault = decideNow(operation);
    if (fault === undefined) return pass(response, await forward(message.headers, body));
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
    await withFault(fault, message, body, response);
  };

  const server = createServer((message, response) => {
    const work = handle(message, response).catch(() => message.socket.destroy());
    late.add(work);
    void work.finally(() => late.delete(work));
  });
  server.on('connection', () => {
    sockets += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no address');

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    decide(decide) {
      decideNow = decide;
    },
    setClock(offsetMs) {
      clockOffset = offsetMs;
    },
    requests: () => requests,
    met: (fault) => counts.get(fault) ?? 0,
    skewed: () => skewed,
    sockets: () => sockets,
    async close() {
      await Promise.allSettled(late);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
};
