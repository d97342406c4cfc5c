/**
 * One attempt of one request over a pool of kept connections: signed, sent, answered, checked. Whoever calls decides what
 * an answer or a failure means; this module says only whether the request may have reached the server.
 */
import { crc32 } from 'node:zlib';
import { type Dispatcher, Pool } from 'undici';
import { amzTimestamp, type Credentials, createSigner, type SignedHeader } from './sigv4.ts';

/** As many sockets as the SDK's agent opens to one host; more requests than that wait for one to come free. */
export const socketsMax = 50;
/** Long enough that a node with any traffic keeps its TLS sessions, well below what load balancers close as idle. */
const idleSocketMs = 20_000;
const connectTimeoutMs = 1_000;
/** The largest answer of DynamoDB is a batch of 16 MB of items; JSON's quoting and base64 may double that. */
const answerBytesMax = 40 * 1024 * 1024;
const contentType = 'application/x-amz-json-1.0';

export type JsonObject = { readonly [name: string]: unknown };

export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
  /** The server's clock, in milliseconds since the epoch, where it told it. */
  readonly serverTime: number | undefined;
}

/** An attempt without a usable answer. */
export class TransportError extends Error {
  readonly reason: 'timeout' | 'connection' | 'corrupt';
  /** True when the request was at least begun to be sent, so that the server may have carried it out. */
  readonly sent: boolean;

  constructor(reason: 'timeout' | 'connection' | 'corrupt', message: string, sent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TransportError';
    this.reason = reason;
    this.sent = sent;
  }
}

interface Attempt {
  /** For example `DynamoDB_20120810.PutItem`. */
  readonly target: string;
  readonly body: string;
  readonly credentials: Credentials;
  /** The time to sign with, in milliseconds since the epoch. */
  readonly at: number;
  readonly timeoutMs: number;
}

export interface Transport {
  /** The answer, whatever its status; rejects with `TransportError` only. */
  send(attempt: Attempt): Promise<Answer>;
  /** Closes the sockets once what is under way has been answered. */
  close(): Promise<void>;
}

const header = (
  headers: { readonly [name: string]: string | string[] | undefined },
  name: string,
): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Parses an answer, after checking `x-amz-crc32` where the server sent it: TCP's own checksum is 16 bits. */
const readAnswer = (
  status: number,
  headers: { readonly [name: string]: string | string[] | undefined },
  body: Buffer,
): Answer => {
  const checksum = header(headers, 'x-amz-crc32');
  if (checksum !== undefined && Number(checksum) !== crc32(body)) {
    throw new TransportError('corrupt', 'the checksum of the answer is wrong', true);
  }
  const date = header(headers, 'date');
  const serverTime = date === undefined ? Number.NaN : Date.parse(date);
  return { status, body: parseBody(status, body), serverTime: Number.isNaN(serverTime) ? undefined : serverTime };
};

const parseBody = (status: number, body: Buffer): JsonObject => {
  try {
    const parsed: unknown = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null) return parsed as JsonObject;
  } catch (error) {
    // A proxy's or load balancer's page is no JSON; its status says enough. A success must be readable.
    if (status < 400) throw new TransportError('corrupt', 'the answer is not JSON', true, error);
  }
  if (status < 400) throw new TransportError('corrupt', 'the answer is not a JSON object', true);
  return {};
};

/** A transport to one endpoint; the path of the URL is ignored, as DynamoDB's protocol has only `/`. */
export const createTransport = (endpoint: URL, region: string): Transport => {
  const signer = createSigner(region, 'dynamodb');
  const pool = new Pool(endpoint.origin, {
    connections: socketsMax,
    pipelining: 1,
    keepAliveTimeout: idleSocketMs,
    // Time is kept per attempt, from the moment it is asked for: waiting for a socket counts.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: answerBytesMax,
    connect: { timeout: connectTimeoutMs },
  });

  const signedHeaders = ({ target, body, credentials, at }: Attempt): string[] => {
    const timestamp = amzTimestamp(at);
    const headers: SignedHeader[] = [
      ['content-type', contentType],
      ['host', endpoint.host],
      ['x-amz-date', timestamp],
      ...(credentials.sessionToken === undefined ? [] : [['x-amz-security-token', credentials.sessionToken] as const]),
      ['x-amz-target', target],
    ];
    const authorization = signer.authorization(headers, body, credentials, timestamp);
    return [...headers.flat(), 'authorization', authorization];
  };

  const send = (attempt: Attempt): Promise<Answer> =>
    new Promise((resolve, reject) => {
      let settled = false;
      let controller: Dispatcher.DispatchController | undefined;
      let status = 0;
      let headers: { readonly [name: string]: string | string[] | undefined } = {};
      const chunks: Buffer[] = [];

      const fail = (error: TransportError): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => {
        const error = new TransportError('timeout', `no answer in ${attempt.timeoutMs} ms`, controller !== undefined);
        fail(error);
        controller?.abort(error);
      }, attempt.timeoutMs);

      pool.dispatch(
        { path: '/', method: 'POST', headers: signedHeaders(attempt), body: attempt.body },
        {
          onRequestStart(started) {
            // The attempt's time ran out while it waited for a socket: it is dropped before a byte is sent.
            if (settled) started.abort(new Error('timed out before it was sent'));
            else controller = started;
          },
          onResponseStart(_controller, statusCode, answerHeaders) {
            status = statusCode;
            headers = answerHeaders;
          },
          onResponseData(_controller, chunk) {
            chunks.push(chunk);
          },
          onResponseEnd() {
            if (settled) return;
            try {
              const answer = readAnswer(
                status,
                headers,
                chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks),
              );
              settled = true;
              clearTimeout(timer);
              resolve(answer);
            } catch (error) {
              fail(error as TransportError);
            }
          },
          onResponseError(_controller, error) {
            fail(new TransportError('connection', error.message, controller !== undefined, error));
          },
        },
      );
    });

  return { send, close: () => pool.close() };
};
