/**
 * Texts opened not long ago, so that a page that is read again costs no ciphers. What is opened for the first time is not kept:
 * most pages are not read again while their keys last, or are read again as they were, and then it is the views that are
 * remembered (`messenger/shown.ts`); to keep all of them costs more, in garbage collection, than it saves. What was sealed here
 * is not kept either, but for the latest few, which are their keys' to remember (`data-key.ts`).
 *
 * A text is given out only at the very place it was opened at, for the very string it was opened from, and only while the
 * key that opened it may still serve: what is moved, changed, or forgotten goes the long way. Texts lie by conversation and
 * seq, so that a page is one look-up and twenty small ones; the conversation longest unused is the first to go.
 */
import type { DataKey } from './data-key.ts';
import type { SealedAt } from './jwe.ts';
import type { Opened, Place } from './port.ts';

interface OpenedText {
  readonly sealed: string;
  readonly text: string;
  /** The key of the place: its conversation and author are the key's own. */
  readonly key: DataKey;
}

export interface ConversationTexts {
  get(
    place: Pick<Place, 'seq' | 'author'>,
    sealed: string,
    now: number,
  ): { readonly text: string; readonly key: DataKey } | undefined;
}

export interface OpenedTexts {
  /** Those of a conversation, for as long as nothing is added; undefined when there are none. */
  of(conversation: string): ConversationTexts | undefined;
  /** Remembers those of a page that `key` has opened before; `opened` is in the order of `texts`. */
  opened(key: DataKey, texts: readonly SealedAt[], opened: readonly Opened[]): void;
  forget(author: string): void;
  readonly size: number;
}

/** What is let go of when there is no more room: this share of it. */
const roomMade = 1 / 64;

/** At most so many characters, sealed and opened together, and so many texts. 0 texts: none are kept. */
export const createOpenedTexts = (textsMax: number, charactersMax: number): OpenedTexts => {
  if (textsMax === 0) {
    const nothing = (): undefined => undefined;
    return { of: nothing, opened: nothing, forget: nothing, size: 0 };
  }
  /** The one used last stands last. */
  const conversations = new Map<string, Map<number, OpenedText>>();
  let latest = '';
  let texts = 0;
  let characters = 0;

  const remove = (conversation: string, opened: Map<number, OpenedText>, seq: number): void => {
    const gone = opened.get(seq);
    if (gone === undefined) return;
    opened.delete(seq);
    texts -= 1;
    characters -= gone.sealed.length + gone.text.length;
    if (opened.size === 0) conversations.delete(conversation);
  };

  const used = (conversation: string, opened: Map<number, OpenedText>): void => {
    if (conversation === latest) return;
    conversations.delete(conversation);
    conversations.set(conversation, opened);
    latest = conversation;
  };

  const textsOf = (conversation: string): Map<number, OpenedText> => {
    const known = conversations.get(conversation);
    if (known !== undefined) return known;
    const texts = new Map<number, OpenedText>();
    conversations.set(conversation, texts);
    return texts;
  };

  const keep = (conversation: string, opened: Map<number, OpenedText>, seq: number, one: OpenedText): void => {
    const replaced = opened.get(seq);
    if (replaced !== undefined) {
      texts -= 1;
      characters -= replaced.sealed.length + replaced.text.length;
    }
    opened.set(seq, one);
    texts += 1;
    characters += one.sealed.length + one.text.length;
    used(conversation, opened);
  };

  const shrink = (): void => {
    if (texts <= textsMax && characters <= charactersMax) return;
    // A little more than has to go: to come to a map's first entry is a walk over what was deleted before it.
    const textsLeft = textsMax - Math.floor(textsMax * roomMade);
    const charactersLeft = charactersMax - Math.floor(charactersMax * roomMade);
    for (const [conversation, opened] of conversations)
      for (const seq of opened.keys()) {
        remove(conversation, opened, seq);
        if (texts <= textsLeft && characters <= charactersLeft) return;
      }
  };

  return {
    of(conversation) {
      const opened = conversations.get(conversation);
      if (opened === undefined) return undefined;
      used(conversation, opened);
      return {
        get({ seq, author }, sealed, now) {
          const found = opened.get(seq);
          if (found === undefined || found.sealed !== sealed || found.key.name.author !== author) return undefined;
          if (found.key.live(now)) return found;
          remove(conversation, opened, seq);
          return undefined;
        },
      };
    },
    opened(key, those, opened) {
      const { openedFrom, openedTo } = key;
      const { conversation } = key.name;
      let kept: Map<number, OpenedText> | undefined;
      for (let n = 0; n < those.length; n += 1) {
        const one = those[n];
        const result = opened[n];
        if (one === undefined || result === undefined || 'unreadable' in result) continue;
        const { seq, sealed } = one;
        if (seq < key.openedFrom) key.openedFrom = seq;
        if (seq > key.openedTo) key.openedTo = seq;
        if (seq < openedFrom || seq > openedTo) continue;
        kept ??= textsOf(conversation);
        keep(conversation, kept, seq, { sealed, text: result.text, key });
      }
      shrink();
    },
    forget(author) {
      for (const [conversation, opened] of [...conversations]) {
        for (const [seq, { key }] of [...opened]) if (key.name.author === author) remove(conversation, opened, seq);
      }
    },
    get size() {
      return texts;
    },
  };
};
