/**
 * The bus between nodes, over Valkey's publish and subscribe (LIVE-3). What is published here reaches the listeners of this
 * node at once and without Valkey, and those of the others through it, at most once; ciphertext as it is stored (SEC-5).
 *
 * Nothing is kept for later: while Valkey is away, other nodes miss what is published here, and their clients find the gap.
 */
import { decodeStored, encodeStored } from '#domain/stored-json';
import { createLocalBus } from './local.ts';
import type { Bus, BusEvent } from './port.ts';
import type { ValkeyLink } from './valkey-link.ts';

/** One channel for all: every node hears every event, and hands on what its own streams want. */
export const eventsChannel = 'parley:events';
/** A message with a thousand reactions is some 50 KB; what is larger is left for the clients to fetch. */
const eventCharactersMax = 256 * 1024;

/** An event as it crosses the bus; undefined when it is too large for it. */
export const encodeEvent = (from: string, event: BusEvent): string | undefined => {
  const text = encodeStored({ from, event });
  return text.length <= eventCharactersMax ? text : undefined;
};

const isEvent = (value: unknown): value is { readonly from: string; readonly event: BusEvent } => {
  if (typeof value !== 'object' || value === null || !('from' in value) || !('event' in value)) return false;
  const { event } = value;
  return typeof event === 'object' && event !== null && 'type' in event && 'to' in event && Array.isArray(event.to);
};

/**
 * @param node a name that no other node has. The link stays open when the bus is closed; whoever opened it closes it.
 * @param onFault is told what a listener threw and what could not be understood.
 */
export const createValkeyBus = (
  link: ValkeyLink,
  node: string,
  onFault: (error: unknown) => void = () => undefined,
): Bus => {
  const here = createLocalBus(onFault);
  const leave = link.subscribe(eventsChannel, (text) => {
    try {
      const received = decodeStored(text);
      if (!isEvent(received)) throw new Error('an event of the bus is malformed');
      // Our own came to our listeners when it was published.
      if (received.from !== node) here.publish(received.event);
    } catch (error) {
      onFault(error);
    }
  });
  return {
    publish: (event) => {
      here.publish(event);
      try {
        const text = encodeEvent(node, event);
        if (text !== undefined) link.publish(eventsChannel, text);
      } catch (error) {
        onFault(error);
      }
    },
    subscribe: here.subscribe,
    close: async () => {
      leave();
      await here.close();
    },
  };
};
