/**
 * The bus for a process that only speaks, and that may be frozen between two calls: a function. Events gather while a call is
 * carried out and go out at its end, over a connection that is first asked whether it is still one.
 *
 * Best effort like any bus (LIVE-1): what cannot be sent in time is dropped, and costs the call nothing but that time.
 */
import type { BusEvent } from './port.ts';
import { encodeEvent, eventsChannel } from './valkey.ts';
import type { ValkeyLink } from './valkey-link.ts';

/** Of one call; past it the newest are dropped, and their rows are seen with the next reading of the inbox. */
const eventsMax = 10_000;
/** Events to a write: the socket is not filled faster than the server reads. */
const eventsAtOnce = 500;
/** A connection that does not answer for so long is taken for dead. */
const silentMsMax = 250;
const pollMs = 5;

export interface Publisher {
  /** Returns at once. */
  publish(event: BusEvent): void;
  /** Sends what has gathered and waits until the server has it, at most so many milliseconds. Resolves with how many got out. */
  flush(ms: number): Promise<number>;
  close(): Promise<void>;
}

/** @param node a name that no other node has. @param wait resolves after so many milliseconds. @param now milliseconds. */
export const createValkeyPublisher = (
  link: ValkeyLink,
  node: string,
  time: { readonly now: () => number; readonly wait: (ms: number) => Promise<void> },
): Publisher => {
  const { commands } = link;
  let gathered: BusEvent[] = [];

  /** The answer, or undefined when there is none by then. */
  const by = async <T>(end: number, answer: Promise<T>): Promise<T | undefined> => {
    const late = time.wait(Math.max(0, end - time.now())).then(() => undefined);
    return Promise.race([answer.catch(() => undefined), late]);
  };

  /** True once the server has answered on the connection; one that was cut while nobody looked is made anew first. */
  const awake = async (end: number): Promise<boolean> => {
    while (time.now() < end) {
      if (link.ready()) {
        if ((await by(Math.min(end, time.now() + silentMsMax), commands.ping())) !== undefined) return true;
        if (commands.status === 'ready') commands.disconnect(true);
      }
      await time.wait(pollMs);
    }
    return false;
  };

  return {
    publish: (event) => {
      if (gathered.length < eventsMax) gathered.push(event);
    },
    flush: async (ms) => {
      const events = gathered;
      gathered = [];
      if (events.length === 0) return 0;
      const end = time.now() + ms;
      if (!(await awake(end))) return 0;
      let sent = 0;
      for (let at = 0; at < events.length; at += eventsAtOnce) {
        const pipeline = commands.pipeline();
        for (const event of events.slice(at, at + eventsAtOnce)) {
          const text = encodeEvent(node, event);
          if (text !== undefined) pipeline.publish(eventsChannel, text);
        }
        const answers = await by(end, pipeline.exec());
        if (!answers) return sent;
        sent += answers.filter(([error]) => error === null).length;
      }
      return sent;
    },
    close: () => link.close(),
  };
};
