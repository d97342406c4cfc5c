/** What is being written, by user and conversation: kept until sent, over reloads. */
import { readStored, writeStored } from './storage.ts';

/** The oldest draft is forgotten past this many, so that storage cannot grow without end. */
const draftsMax = 200;
/** Storage is written this long after the last key, or as the page goes: all drafts are one entry, too long for each key. */
const restMs = 300;

/** What the field is for. */
export type Composing =
  | { readonly kind: 'new' }
  /** `to`: the seq that is answered. `quoted`, what is said there, is somebody else's: it goes with the page. */
  | { readonly kind: 'reply'; readonly to: number; readonly author: string; readonly quoted?: string | undefined }
  /** `text`: what has been made of what it was. */
  | { readonly kind: 'edit'; readonly seq: number; readonly was: string; readonly text: string };

/** `text` is the new message, also while another one is edited. */
interface Draft {
  readonly text: string;
  readonly composing: Composing;
}

const nothing: Draft = { text: '', composing: { kind: 'new' } };
const keyOf = (user: string): string => `${user}.written`;
type Drafts = Readonly<Record<string, Draft>>;

/** Read once, since every row of the list asks; another tab's change makes it be read again, unless one of ours waits. */
let known: { readonly user: string; readonly drafts: Drafts } | undefined;
let timer = 0;
addEventListener('storage', () => {
  if (timer === 0) known = undefined;
});

const readAll = (user: string): Drafts => {
  if (known?.user !== user) known = { user, drafts: readStored<Drafts>(localStorage, keyOf(user)) ?? {} };
  return known.drafts;
};

const draftOf = (user: string, conversation: string): Draft => readAll(user)[conversation] ?? nothing;

export const readDraft = (user: string, conversation: string): string => draftOf(user, conversation).text;
export const readComposing = (user: string, conversation: string): Composing => draftOf(user, conversation).composing;

const withoutQuoted = ({ text, composing }: Draft): Draft =>
  composing.kind === 'reply' ? { text, composing: { ...composing, quoted: undefined } } : { text, composing };

const store = (): void => {
  clearTimeout(timer);
  timer = 0;
  if (known === undefined) return;
  const stored = Object.entries(known.drafts).map(([conversation, draft]) => [conversation, withoutQuoted(draft)]);
  writeStored(localStorage, keyOf(known.user), Object.fromEntries(stored));
};
addEventListener('pagehide', () => {
  if (timer !== 0) store();
});

/** At sign-out. */
export function forgetDrafts(user: string): void {
  clearTimeout(timer);
  timer = 0;
  known = undefined;
  writeStored(localStorage, keyOf(user), undefined);
}

const write = (user: string, conversation: string, draft: Draft): void => {
  const { [conversation]: _, ...others } = readAll(user);
  const drafts = draft.text === '' && draft.composing.kind === 'new' ? others : { ...others, [conversation]: draft };
  known = { user, drafts: Object.fromEntries(Object.entries(drafts).slice(-draftsMax)) };
  clearTimeout(timer);
  timer = window.setTimeout(store, restMs);
};

/** A text of blanks alone is none. */
export const writeDraft = (user: string, conversation: string, text: string): void =>
  write(user, conversation, { ...draftOf(user, conversation), text: text.trim() === '' ? '' : text });

export const writeComposing = (user: string, conversation: string, composing: Composing): void =>
  write(user, conversation, { ...draftOf(user, conversation), composing });
