/** Streams of events and hostile requests, over real sockets. */
import { connect, type Socket } from 'node:net';

export interface Event {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: events carry every shape.
  readonly data: any;
}

export interface EventReader {
  readonly status: number;
  readonly events: Event[];
  readonly comments: () => number;
  /** Resolves with the first event of a name that a condition holds for, past or to come. */
  next(name: string, holds?: (event: Event) => boolean): Promise<Event>;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Opens a stream of events and reads it until it is closed. */
export const readEvents = async (port: number, path: string, token: string): Promise<EventReader> => {
  const abort = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: abort.signal,
  });
  const events: Event[] = [];
  let comments = 0;
  let waiting: (() => void)[] = [];
  const take = (block: string): void => {
    const lines = block.split('\n');
    if (lines[0]?.startsWith(':')) comments += 1;
    const name = lines.find((line) => line.startsWith('event: '))?.slice(7);
    const data = lines.find((line) => line.startsWith('data: '))?.slice(6);
    if (name === undefined || data === undefined) return;
    events.push({ name, data: JSON.parse(data) });
    for (const wake of waiting) wake();
    waiting = [];
  };
  const read = async (): Promise<void> => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
  };
  const ended = read().catch(() => undefined);
  return {
    status: answer.status,
    events,
    comments: () => comments,
    next: async (name, holds = () => true) => {
      for (;;) {
        const found = events.find((event) => event.name === name && holds(event));
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    ended,
    close: () => abort.abort(),
  };
};

/** Sends bytes as they are and gives what comes back until the server closes, or the first answer. */
export const sendRaw = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n\r\n')) socket.end();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
  });
