/** Who is here in a conversation: who types, and how far the others have read. */
import { typingMs } from '#protocol/events';
import type { Conversation } from '#protocol/shapes';
import type { Runtime } from './runtime.ts';

export interface Presence {
  /** User uuids, in the order in which they began. */
  readonly typing: readonly string[];
  /** Read marks by user uuid; forward only. */
  readonly readers: ReadonlyMap<string, number>;
  typed(user: string): void;
  /** A message of theirs came: they have finished typing it. */
  spoke(user: string): void;
  read(user: string, seq: number): void;
  participants(conversation: Conversation): void;
  stop(): void;
}

/** `changed` is called when a mark runs out, and by nothing else: events are announced by whoever brings them. */
export const createPresence = (runtime: Runtime, me: string, changed: () => void): Presence => {
  /** Until when each is shown as typing. At most as many as a group has members, since only they can send it. */
  const until = new Map<string, number>();
  let readers: ReadonlyMap<string, number> = new Map();
  let cancelTimer: (() => void) | undefined;

  const expire = (): void => {
    cancelTimer = undefined;
    const now = runtime.now();
    const before = until.size;
    for (const [user, end] of until) if (end <= now) until.delete(user);
    watch();
    if (until.size !== before) changed();
  };

  const watch = (): void => {
    if (cancelTimer !== undefined || until.size === 0) return;
    const next = Math.min(...until.values());
    cancelTimer = runtime.setTimer(Math.max(1, next - runtime.now()), expire);
  };

  const read = (user: string, seq: number): void => {
    if (user === me || (readers.get(user) ?? 0) >= seq) return;
    readers = new Map(readers).set(user, seq);
  };

  return {
    get typing() {
      return [...until.keys()];
    },
    get readers() {
      return readers;
    },
    typed: (user) => {
      if (user === me) return;
      until.set(user, runtime.now() + typingMs);
      watch();
    },
    spoke: (user) => {
      until.delete(user);
    },
    read,
    participants: (conversation) => {
      const present = new Set(conversation.participants.map((participant) => participant.uuid));
      readers = new Map([...readers].filter(([user]) => present.has(user)));
      for (const { uuid, read_seq } of conversation.participants) read(uuid, read_seq);
    },
    stop: () => cancelTimer?.(),
  };
};
