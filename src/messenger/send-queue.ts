/** Sends to one conversation go one after the other, in the order they arrived; conversations do not wait for each other (LOG-7). */
import { ParleyError } from '#domain/errors';
import { conversationQueueMax } from '#domain/limits';

interface Waiting {
  readonly run: () => Promise<void>;
}

interface Lane {
  /** Work of the conversation is under way. */
  busy: boolean;
  /** What waits behind it. */
  readonly waiting: Waiting[];
}

/**
 * Lanes kept while they are free, of some hundred bytes each: a map whose keys come and go with every send makes its table anew
 * for every few dozen of them.
 */
const freeLanesMax = 4_096;

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
  const lanes = new Map<string, Lane>();

  const free = (conversation: string, lane: Lane): void => {
    lane.busy = false;
    if (lanes.size > freeLanesMax) lanes.delete(conversation);
  };

  /** Runs what waits, one after the other, until nothing does. */
  const drain = async (conversation: string, lane: Lane): Promise<void> => {
    for (let next = lane.waiting.shift(); next !== undefined; next = lane.waiting.shift()) await next.run();
    free(conversation, lane);
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
    lane: Lane,
    prepare: () => P | Promise<P>,
    work: (prepared: P) => Promise<T>,
  ): Promise<T> => {
    lane.busy = true;
    const running = begin(prepare, work);
    const next = (): void => {
      if (lane.waiting.length === 0) free(conversation, lane);
      else void drain(conversation, lane);
    };
    running.then(next, next);
    return running;
  };

  return (conversation, prepare, work) => {
    let lane = lanes.get(conversation);
    if (lane === undefined) {
      lane = { busy: false, waiting: [] };
      lanes.set(conversation, lane);
    }
    if (!lane.busy) return runFirst(conversation, lane, prepare, work);
    const { waiting } = lane;
    if (waiting.length >= conversationQueueMax) {
      const message = 'Too many sends wait for this conversation; try again.';
      return Promise.reject(new ParleyError('conversation_busy', message, { retryAfterSeconds: 1 }));
    }
    const prepared = (async () => prepare())();
    // Its rejection is told when its turn comes.
    prepared.catch(() => undefined);
    return new Promise((resolve, reject) => {
      waiting.push({
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
