/**
 * The event bus (LIVE-1, LIVE-3): best effort, at most once, ciphertext only. The log is the truth; a lost event shows as a
 * gap in `seq` that the client repairs.
 */

export interface BusEvent {
  readonly type:
    | 'message.created'
    | 'message.updated'
    | 'conversation.updated'
    | 'read.updated'
    | 'typing'
    | 'user.changed';
  /** The user uuids whose open streams get it. */
  readonly to: readonly string[];
  /** The stored item it is about, still sealed, or the small object of `read.updated` and `typing`; JSON-compatible. */
  readonly body: unknown;
}

export interface Bus {
  /** Returns at once; never throws, never waits for a subscriber. */
  publish(event: BusEvent): void;
  /** The listener gets what any node publishes, this one included, once each, until the returned function is called. */
  subscribe(listener: (event: BusEvent) => void): () => void;
  close(): Promise<void>;
}
