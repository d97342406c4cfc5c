/** Sends to one conversation go one after the other, in the order they arrived; conversations do not wait for each other (LOG-7). */
import { ParleyError } from '#domain/errors';
import { conversationQueueMax } from '#domain/limits';

interface Waiting {
  readonly run: () => Promise<void>;
}

/** Runs `work` after what was queued for the conversation before it. Rejects at once with `conversation_busy` when full. */
export type SendQueue = <T>(conversation: string, work: () => Promise<T>) => Promise<T>;

export const createSendQueue = (): SendQueue => {
  // A key is here while its conversation has work; its array holds what waits behind the work under way.
  const queues = new Map<string, Waiting[]>();

  const drain = async (conversation: string, queue: Waiting[], first: Waiting): Promise<void> => {
    for (let next: Waiting | undefined = first; next !== undefined; next = queue.shift()) await next.run();
    queues.delete(conversation);
  };

  return (conversation, work) =>
    new Promise((resolve, reject) => {
      const waiting: Waiting = {
        run: async () => {
          try {
            resolve(await work());
          } catch (error) {
            reject(error);
          }
        },
      };
      const queue = queues.get(conversation);
      if (queue === undefined) {
        const fresh: Waiting[] = [];
        queues.set(conversation, fresh);
        void drain(conversation, fresh, waiting);
      } else if (queue.length < conversationQueueMax) {
        queue.push(waiting);
      } else {
        reject(
          new ParleyError('conversation_busy', 'Too many sends wait for this conversation; try again.', {
            retryAfterSeconds: 1,
          }),
        );
      }
    });
};
