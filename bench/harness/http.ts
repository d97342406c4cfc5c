/**
 * A small HTTP/1.1 client for load: kept-alive connections, one request at a time on each, requests written ready-made. It
 * understands what the servers under test answer with (a Content-Length) and costs a fraction of a general client's CPU, which
 * on a machine of few cores would otherwise be taken from the server.
 */
import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

interface Connection {
  /** False once either side has closed it: a server closes what was idle for long. */
  readonly open: boolean;
  ask(request: string): Promise<HttpAnswer>;
  close(): void;
}

const headEnd = Buffer.from('\r\n\r\n');

const openConnection = (port: number): Promise<Connection> =>
  new Promise((opened, failed) => {
    const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let waiting: { resolve(answer: HttpAnswer): void; reject(error: Error): void } | undefined;
    let received: Buffer = Buffer.alloc(0);
    let open = false;
    const fail = (error: Error): void => {
      open = false;
      failed(error);
      waiting?.reject(error);
      waiting = undefined;
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the server closed the connection')));
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const end = received.indexOf(headEnd);
      if (end < 0) return;
      const head = received.toString('latin1', 0, end);
      const length = /^content-length: (\d+)/im.exec(head)?.[1];
      if (length === undefined) {
        fail(new Error(`an answer without a length: ${head}`));
        return;
      }
      const bodyStart = end + headEnd.length;
      if (received.length < bodyStart + Number(length)) return;
      const answer = {
        status: Number(head.slice(9, 12)),
        body: received.toString('utf8', bodyStart, bodyStart + Number(length)),
      };
      received = received.subarray(bodyStart + Number(length));
      const { resolve } = waiting ?? { resolve: () => undefined };
      waiting = undefined;
      resolve(answer);
    });
    socket.on('connect', () => {
      open = true;
      opened({
        get open() {
          return open;
        },
        ask: (request) =>
          new Promise((resolve, reject) => {
            waiting = { resolve, reject };
            socket.write(request);
          }),
        close: () => socket.destroy(),
      });
    });
  });

export interface HttpClient {
  /** `path` begins with a slash; a body is sent as JSON. */
  ask(method: 'GET' | 'POST' | 'PUT', path: string, token: string, body?: unknown): Promise<HttpAnswer>;
  close(): void;
}

/** Opens connections as they are needed: as many as are in flight at most. */
export const httpClient = (port: number): HttpClient => {
  const idle: Connection[] = [];
  const all: Connection[] = [];
  return {
    ask: async (method, path, token, body) => {
      let connection = idle.pop();
      while (connection?.open === false) connection = idle.pop();
      if (connection === undefined) {
        connection = await openConnection(port);
        all.push(connection);
      }
      const text = body === undefined ? '' : JSON.stringify(body);
      const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\n`;
      const content =
        body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
      const answer = await connection.ask(`${head}${content}\r\n${text}`);
      idle.push(connection);
      return answer;
    },
    close: () => {
      for (const connection of all) connection.close();
    },
  };
};
