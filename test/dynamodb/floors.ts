/** What a request costs before anything of ours is done: its bytes through the client we use, and through a bare socket. */
import { connect } from 'node:net';
import { Pool } from 'undici';

type Send = (body: string) => Promise<void>;

export interface Floors {
  readonly undici: Send;
  readonly socket: Send;
  close(): Promise<void>;
}

/** As long as a signature is; servers on a machine check none. */
const authorization = `AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=${'0'.repeat(64)}`;

/** For PutItem. One request at a time each. */
export const openFloors = async (endpoint: string): Promise<Floors> => {
  const { host, hostname, port, origin } = new URL(endpoint);
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-date': `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`,
    'x-amz-target': 'DynamoDB_20120810.PutItem',
    authorization,
  };
  const pool = new Pool(origin, { connections: 1, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const undici: Send = (body) =>
    new Promise((resolve, reject) => {
      pool.dispatch(
        { path: '/', method: 'POST', headers, body },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: () => undefined,
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });

  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await new Promise((resolve) => socket.once('connect', resolve));
  const head = Object.entries({ host, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  let answered = (): void => undefined;
  // An answer as short as a put's comes in one piece.
  socket.on('data', () => answered());
  const bare: Send = (body) =>
    new Promise((resolve) => {
      answered = resolve;
      socket.write(`POST / HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  return {
    undici,
    socket: bare,
    close: async () => {
      socket.destroy();
      await pool.close();
    },
  };
};
