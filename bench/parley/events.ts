/** An event stream read for its messages, at as little cost as can be: it shares the machine with the server. */
import { connect } from 'node:net';

export interface EventStream {
  close(): void;
}

const opened = /^HTTP\/1\.1 200 /;

/** Calls back with the text of each event, name and data; resolves at the first of them, rejects when the stream is refused. */
export const openEvents = (port: number, token: string, on: (event: string) => void): Promise<EventStream> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('connect', () =>
      socket.write(
        `GET /v1/events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\n\r\n`,
      ),
    );
    socket.once('data', (chunk: string) => {
      if (!opened.test(chunk)) reject(new Error(`a stream was answered with ${chunk.slice(0, 40)}`));
    });
    socket.on('data', (chunk: string) => {
      rest += chunk;
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        on(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
      resolve({ close: () => socket.destroy() });
    });
  });
