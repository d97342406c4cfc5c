/** Sends to one conversation go one after the other, in the order they arrived; conversations do not wait for each other (LOG-7). */
import { ParleyError } from '#domain/errors';
import { conversationQueueMax } from '#domain/limits';

interface Waiting {
  readonly run: () => Promise<void>;
}

/**
 * Runs `work` after what came for the conversation before it, on what `prepare` gives. `prepare` begins at once, beside the
 * work of others, so that waiting for it costs no order and refusing in it holds nobody up. Rejects at once with
 * `conversation_busy` when full.
 */
export type SendQueue = <P, T>(
  conversation: string,
  prepare: () => P | Promise<P>,
  work: (prepared: P) => Promise<T>,
) => Promise<T>;

export const createSendQueue = (): SendQueue => {
  // A key is here while its conversation has work; its array holds what waits behind the work under way.
  const queues = new Map<string, Waiting[]>();

  /** Runs what waits, one after the other, until nothing does. */
  const drain = async (conversation: string, queue: Waiting[]): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next.run();
    queues.delete(conversation);
  };

  const begin = <P, T>(prepare: () => P | Promise<P>, work: (prepared: P) => Promise<T>): Promise<T> => {
    try {
      const prepared = prepare();
      return prepared instanceof Promise ? prepared.then(work) : work(prepared);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  const runFirst = <P, T>(
    conversation: string,
    prepare: () => P | Promise<P>,
    work: (prepared: P) => Promise<T>,
  ): Promise<T> => {
    const queue: Waiting[] = [];
    queues.set(conversation, queue);
    const running = begin(prepare, work);
    const next = (): void => {
      if (queue.length === 0) queues.delete(conversation);
      else void drain(conversation, queue);
    };
    running.then(next, next);
    return running;
  };

  return (conversation, prepare, work) => {
    const queue = queues.get(conversation);
    if (queue === undefined) return runFirst(conversation, prepare, work);
    if (queue.length >= conversationQueueMax) {
      const message = 'Too many sends wait for this conversation; try again.';
      return Promise.reject(new ParleyError('conversation_busy', message, { retryAfterSeconds: 1 }));
    }
    const prepared = (async () => prepare())();
    // Its rejection is told when its turn comes.
    prepared.catch(() => undefined);
    return new Promise((resolve, reject) => {
      queue.push({
        run: async () => {
          try {
            resolve(await work(await prepared));
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  };
};
