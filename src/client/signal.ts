/** The one way a view-model tells that it changed: immutable snapshots, made only when somebody looks. */

/** What `useSyncExternalStore` needs: the same object until something changes. */
export interface Observable<Snapshot> {
  getSnapshot(): Snapshot;
  /** The listener is called after each change, without an argument, until the returned function is called. */
  subscribe(listener: () => void): () => void;
}

export interface Signal<Snapshot> extends Observable<Snapshot> {
  /** Forgets the last snapshot and calls the listeners. */
  changed(): void;
  readonly listeners: number;
}

/** `make` builds a snapshot of the current state; it runs at most once per change. A listener's error is the caller's. */
export const createSignal = <Snapshot>(make: () => Snapshot): Signal<Snapshot> => {
  const listeners = new Set<() => void>();
  let cached: { readonly snapshot: Snapshot } | undefined;
  return {
    getSnapshot: () => {
      cached ??= { snapshot: make() };
      return cached.snapshot;
    },
    subscribe: (listener) => {
      const own = () => listener();
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    changed: () => {
      cached = undefined;
      for (const listener of [...listeners]) listener();
    },
    get listeners() {
      return listeners.size;
    },
  };
};
