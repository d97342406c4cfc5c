/** How the outbox survives a reload: as one text, in a place that the application gives (localStorage, a file, IndexedDB). */
import { messageUuid } from '#domain/ids';
import type { FailureCode } from './failure.ts';

/**
 * One text of one session. Two sessions that share it overwrite each other, so give each tab its own, or hold a lock. A
 * `save` that is synchronous is done before the message is shown; only that survives a page closed in the same instant.
 */
export interface OutboxStorage {
  load(): Promise<string | null> | string | null;
  save(text: string): Promise<void> | void;
}

export interface OutboxItem {
  readonly uuid: string;
  readonly conversation: string;
  readonly text: string;
  readonly replyTo?: number;
  readonly composedAtMs: number;
  readonly attempts: number;
  /** An attempt had no answer, so the log may have it under this uuid. */
  readonly maybeWritten: boolean;
  /** Not until then, by this machine's clock. */
  readonly retryAtMs?: number;
  /** Refused, and waiting for the user. */
  readonly failed?: FailureCode;
  /** How often it was given a new uuid. */
  readonly renamed: number;
}

/** Messages that wait at most: 200 of the longest are 1.6 million UTF-16 units, a third of what a browser keeps for a site. */
export const outboxItemsMax = 200;

interface Stored {
  readonly version: 1;
  readonly items: readonly Pick<OutboxItem, 'uuid' | 'conversation' | 'text' | 'replyTo' | 'composedAtMs' | 'failed'>[];
}

export const outboxToText = (items: readonly OutboxItem[]): string => {
  const stored: Stored = {
    version: 1,
    items: items.map(({ uuid, conversation, text, replyTo, composedAtMs, failed }) => ({
      uuid,
      conversation,
      text,
      composedAtMs,
      ...(replyTo === undefined ? {} : { replyTo }),
      ...(failed === undefined ? {} : { failed }),
    })),
  };
  return JSON.stringify(stored);
};

const toItem = (value: unknown): OutboxItem[] => {
  if (typeof value !== 'object' || value === null) return [];
  const { uuid, conversation, text, replyTo, composedAtMs, failed } = value as Record<string, unknown>;
  if (typeof uuid !== 'string' || messageUuid(uuid) === undefined) return [];
  if (typeof conversation !== 'string' || typeof text !== 'string' || typeof composedAtMs !== 'number') return [];
  return [
    {
      uuid,
      conversation,
      text,
      composedAtMs,
      attempts: 0,
      renamed: 0,
      // It may have been on its way when the page went; nobody heard the answer.
      maybeWritten: true,
      ...(typeof replyTo === 'number' ? { replyTo } : {}),
      ...(typeof failed === 'string' ? { failed: failed as FailureCode } : {}),
    },
  ];
};

/** What the text holds; what cannot be read of it is left out. */
export const outboxFromText = (text: string | null): OutboxItem[] => {
  if (text === null || text === '') return [];
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return [];
  }
  const { version, items } = (stored ?? {}) as { version?: unknown; items?: unknown };
  return version === 1 && Array.isArray(items) ? items.slice(0, outboxItemsMax).flatMap(toItem) : [];
};
