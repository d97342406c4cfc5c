/** The bus of a single process: listeners are called in the publisher's turn, in the order they came. */
import type { Bus, BusEvent } from './port.ts';

/**
 * Nothing is queued, so nothing needs a bound; a listener that throws harms neither the publisher nor other listeners.
 * @param onFault is told what a listener threw; it must not throw.
 */
export const createLocalBus = (onFault: (error: unknown) => void = () => undefined): Bus => {
  const listeners = new Set<(event: BusEvent) => void>();
  return {
    publish: (event) => {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          onFault(error);
        }
      }
    },
    subscribe: (listener) => {
      const own = (event: BusEvent): void => listener(event);
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    close: async () => {
      listeners.clear();
    },
  };
};
