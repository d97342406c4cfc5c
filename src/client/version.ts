/**
 * Which of two versions of one message is newer. Events and answers arrive in any order, so this is decided by what the
 * versions say, never by when they came:
 *
 * 1. A tombstone is final: no version without `deleted_at` follows one with it.
 * 2. Where the service counts revisions (`rev`: edits, deletion and reactions), the higher count is newer.
 * 3. Otherwise the later `edited_at` is newer; a message never edited is older than an edited one.
 * 4. A text that could not be opened is older than the same text opened.
 *
 * Two versions that still differ (a reaction has no time) are `unknown`: the caller settles it by reading the log again,
 * from a moment after both were received.
 */
import type { Message } from '#protocol/shapes';

/** A message as it arrives: `rev` is a member of the contract only where the service sends it. */
export type Versioned = Message & { readonly rev?: number };

const sameReactions = (a: Message['reactions'] = {}, b: Message['reactions'] = {}): boolean => {
  const emojis = Object.keys(a);
  return (
    emojis.length === Object.keys(b).length &&
    emojis.every((emoji) => {
      const left = a[emoji] ?? [];
      const right = Object.hasOwn(b, emoji) ? (b[emoji] ?? []) : [];
      return left.length === right.length && left.every((user) => right.includes(user));
    })
  );
};

const sameContent = (a: Message, b: Message): boolean =>
  a.message === b.message &&
  a.user_uuid === b.user_uuid &&
  a.handle === b.handle &&
  a.display_name === b.display_name &&
  sameReactions(a.reactions, b.reactions);

/** What `other` is to `held`, two versions of one message. */
export const versionOf = (held: Versioned, other: Versioned): 'newer' | 'older' | 'same' | 'unknown' => {
  const byOrder = <T extends string | number>(mine: T, theirs: T): 'newer' | 'older' | undefined =>
    mine === theirs ? undefined : theirs > mine ? 'newer' : 'older';
  const decided =
    byOrder(held.deleted_at === undefined ? 0 : 1, other.deleted_at === undefined ? 0 : 1) ??
    byOrder(held.rev ?? 0, other.rev ?? 0) ??
    byOrder(held.edited_at ?? '', other.edited_at ?? '') ??
    byOrder(held.unreadable === undefined ? 1 : 0, other.unreadable === undefined ? 1 : 0);
  return decided ?? (sameContent(held, other) ? 'same' : 'unknown');
};
