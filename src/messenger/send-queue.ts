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
  prepare: () => Promise<P>,
  work: (prepared: P) => Promise<T>,
) => Promise<T>;

export const createSendQueue = (): SendQueue => {
  // A key is here while its conversation has work; its array holds what waits behind the work under way.
  const queues = new Map<string, Waiting[]>();

  const drain = async (conversation: string, queue: Waiting[], first: Waiting): Promise<void> => {
    for (let next: Waiting | undefined = first; next !== undefined; next = queue.shift()) await next.run();
    queues.delete(conversation);
  };

  return (conversation, prepare, work) => {
    const queue = queues.get(conversation);
    if (queue !== undefined && queue.length >= conversationQueueMax) {
      const message = 'Too many sends wait for this conversation; try again.';
      return Promise.reject(new ParleyError('conversation_busy', message, { retryAfterSeconds: 1 }));
    }
    const prepared = prepare();
    // Its rejection is told when its turn comes.
    prepared.catch(() => undefined);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        run: async () => {
          try {
            resolve(await work(await prepared));
          } catch (error) {
            reject(error);
          }
        },
      };
      if (queue !== undefined) {
        queue.push(waiting);
        return;
      }
      const fresh: Waiting[] = [];
      queues.set(conversation, fresh);
      void drain(conversation, fresh, waiting);
    });
  };
};
