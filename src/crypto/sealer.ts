/**
 * The sealer: text to sealed string and back, with the data key of its conversation and author (SEC-2, SEC-3).
 *
 * Whatever is stored, opening it ends in a text or a reason; every reason is counted.
 */
import { conversationUuid, userUuid } from '#domain/ids';
import type { DataKey } from './data-key.ts';
import { isWhole, kidIn, sealedCharactersMax } from './jwe.ts';
import type { Keyring, MissingKey } from './keyring.ts';
import { createOpenedTexts } from './opened-texts.ts';
import type { Opened, Place, Sealer, UnreadableReason } from './port.ts';

const sealerDefaults = {
  /** Texts kept opened: five thousand pages of 20, so that those in use do not put each other out. */
  openedTextsMax: 100_000,
  /** Characters of them, sealed and open: messages of 200 characters take 600, so this bounds them at about 60 MB. */
  openedCharactersMax: 60_000_000,
} as const;

/** UTF-8 octets of a text whose sealed string is not longer than what is opened; the longest message takes 16,384. */
const textBytesMax = Math.floor((sealedCharactersMax * 3) / 4) - 512;

export interface SealerOptions {
  readonly keyring: Keyring;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly limits?: Partial<{ readonly [Name in keyof typeof sealerDefaults]: number }>;
}

/** Sums since the start, for metrics. */
export interface SealerCounters {
  readonly sealed: number;
  /** Opened by a cipher. */
  readonly opened: number;
  /** Found opened already. */
  readonly recalled: number;
  /** Opened texts held now. */
  readonly held: number;
  readonly unreadable: Readonly<Record<UnreadableReason, number>>;
}

/** Places are made from stored items too, so their types are not to be relied on. */
const isPlace = ({ conversation, seq, author }: Place): boolean =>
  typeof conversation === 'string' && typeof author === 'string' && Number.isSafeInteger(seq);

/** Only uuids name keys: anything else, out of a changed item, must not reach the table as a key of its own making. */
const namesKeys = ({ conversation, author }: Place): boolean =>
  conversationUuid(conversation) === conversation && userUuid(author) === author;

const isKeyOf = ({ name }: DataKey, { conversation, author }: Place): boolean =>
  name.conversation === conversation && name.author === author;

interface Waiting {
  readonly at: number;
  readonly place: Place;
  readonly sealed: string;
}

/** Those of one page that wait for one key. */
interface KeyWanted {
  readonly conversation: string;
  readonly author: string;
  readonly kid: string;
  readonly waiting: Waiting[];
}

export const createSealer = (options: SealerOptions): Sealer & { readonly counters: SealerCounters } => {
  const { keyring, now } = options;
  const limits = { ...sealerDefaults, ...options.limits };
  const texts = createOpenedTexts(limits.openedTextsMax, limits.openedCharactersMax);
  const sums = { sealed: 0, opened: 0, recalled: 0 };
  const unreadable: Record<UnreadableReason, number> = {
    tampered: 0,
    malformed: 0,
    unknown_version: 0,
    wrong_key: 0,
    key_gone: 0,
  };

  const refuse = (reason: UnreadableReason): Opened => {
    unreadable[reason] += 1;
    return { unreadable: reason };
  };

  const openOne = (key: DataKey, place: Place, sealed: string): Opened => {
    const opened = key.open(place.seq, sealed);
    if ('unreadable' in opened) return refuse(opened.unreadable);
    sums.opened += 1;
    texts.set(key, place.seq, sealed, opened.text);
    return opened;
  };

  const openWaiting = (key: DataKey | MissingKey, wanted: KeyWanted, results: Opened[]): void => {
    for (const { at, place, sealed } of wanted.waiting)
      results[at] = typeof key === 'string' ? refuse(key) : openOne(key, place, sealed);
  };

  return {
    seal(place, text, deadline) {
      if (Buffer.byteLength(text) > textBytesMax) {
        return Promise.reject(new RangeError(`a text of more than ${textBytesMax} octets`));
      }
      return keyring.withCurrent(
        place,
        (key) => {
          const sealed = key.seal(place.seq, text);
          sums.sealed += 1;
          // What was just written is read next: the writer's own node has it open already. Only a text that has a UTF-8 form
          // comes back from its sealed string as it was.
          if (text.isWellFormed()) texts.set(key, place.seq, sealed, text);
          return sealed;
        },
        deadline,
      );
    },

    async open(items, deadline, leases) {
      const at = now();
      const results = new Array<Opened>(items.length);
      const wanted = new Map<string, KeyWanted>();
      /** The keys of this page so far: twenty texts are mostly of two authors, and asking the keyring is the dearer look-up. */
      const found = new Map<string, DataKey>();
      for (const [index, { place, sealed }] of items.entries()) {
        const recalled = texts.get(place, sealed, at);
        if (recalled !== undefined) {
          sums.recalled += 1;
          results[index] = { text: recalled.text };
          leases?.add(recalled.key);
          continue;
        }
        const parsed = isPlace(place) ? kidIn(sealed) : ({ unreadable: 'malformed' } as const);
        if ('unreadable' in parsed) {
          results[index] = refuse(parsed.unreadable);
          continue;
        }
        const { kid } = parsed;
        const { conversation, author } = place;
        const known = found.get(kid);
        const key =
          known !== undefined && isKeyOf(known, place) && known.serves(at)
            ? known
            : keyring.held(conversation, author, kid);
        if (key !== undefined) {
          if (key !== known) found.set(kid, key);
          results[index] = openOne(key, place, sealed);
          leases?.add(key);
          continue;
        }
        if (!namesKeys(place) || !isWhole(kid, sealed)) {
          results[index] = refuse('malformed');
          continue;
        }
        const name = `${author}/${conversation}/${kid}`;
        const group = wanted.get(name) ?? { conversation, author, kid, waiting: [] };
        group.waiting.push({ at: index, place, sealed });
        wanted.set(name, group);
      }
      if (wanted.size > 0)
        await Promise.all(
          [...wanted.values()].map((group) =>
            keyring.withNamed(
              group.conversation,
              group.author,
              group.kid,
              (key) => {
                openWaiting(key, group, results);
                if (typeof key !== 'string') leases?.add(key);
              },
              deadline,
            ),
          ),
        );
      return results;
    },

    forget(author) {
      keyring.forget(author);
      texts.forget(author);
    },

    get counters() {
      return { ...sums, held: texts.size, unreadable: { ...unreadable } };
    },
  };
};
