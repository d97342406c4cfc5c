/** Hands each use of an access pattern to whoever watches: the metrics, the Lens. */
import type { Observe, PatternUse } from '#store/patterns';

export interface Uses {
  readonly observe: Observe;
  readonly onUse: (listener: (use: PatternUse) => void) => () => void;
}

export const createUses = (): Uses => {
  let listeners: readonly ((use: PatternUse) => void)[] = [];
  return {
    observe: (use) => {
      for (const listener of listeners) listener(use);
    },
    onUse: (listener) => {
      listeners = [...listeners, listener];
      return () => {
        listeners = listeners.filter((one) => one !== listener);
      };
    },
  };
};
