/**
 * Texts opened not long ago, so that a page that is read again costs no ciphers: without it a page of 20 takes half as
 * long again through HTTP (docs/adr/0005).
 *
 * A text is given out only at the very place it was opened at, for the very string it was opened from, and only while the
 * key that opened it may still serve: what is moved, changed, or forgotten goes the long way. Texts lie by conversation and
 * seq, so that a page is one look-up and twenty small ones; the conversation longest unused is the first to go.
 */
import type { DataKey } from './data-key.ts';
import type { Place } from './port.ts';

interface OpenedText {
  readonly sealed: string;
  readonly text: string;
  /** The key of the place: its conversation and author are the key's own. */
  readonly key: DataKey;
}

export interface OpenedTexts {
  get(place: Place, sealed: string, now: number): { readonly text: string; readonly key: DataKey } | undefined;
  /** Remembers what `key` opened or sealed at `seq`. */
  set(key: DataKey, seq: number, sealed: string, text: string): void;
  forget(author: string): void;
  readonly size: number;
}

/** At most so many characters, sealed and opened together, and so many texts. 0 texts: none are kept. */
export const createOpenedTexts = (textsMax: number, charactersMax: number): OpenedTexts => {
  if (textsMax === 0) return { get: () => undefined, set: () => undefined, forget: () => undefined, size: 0 };
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

  const shrink = (): void => {
    while (texts > textsMax || characters > charactersMax) {
      const [oldest] = conversations;
      const [first] = oldest?.[1] ?? [];
      if (oldest === undefined || first === undefined) return;
      remove(oldest[0], oldest[1], first[0]);
    }
  };

  return {
    get({ conversation, seq, author }, sealed, now) {
      const opened = conversations.get(conversation);
      const found = opened?.get(seq);
      if (opened === undefined || found === undefined) return undefined;
      used(conversation, opened);
      if (found.sealed !== sealed || found.key.name.author !== author) return undefined;
      if (found.key.live(now)) return found;
      remove(conversation, opened, seq);
      return undefined;
    },
    set(key, seq, sealed, text) {
      const { conversation } = key.name;
      let opened = conversations.get(conversation);
      if (opened === undefined) {
        opened = new Map();
        conversations.set(conversation, opened);
      }
      const replaced = opened.get(seq);
      if (replaced !== undefined) {
        texts -= 1;
        characters -= replaced.sealed.length + replaced.text.length;
      }
      opened.set(seq, { sealed, text, key });
      used(conversation, opened);
      texts += 1;
      characters += sealed.length + text.length;
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
