/** What is being written, by user and conversation: kept until sent, over reloads. */
import { readStored, writeStored } from './storage.ts';

/** The oldest draft is forgotten past this many, so that storage cannot grow without end. */
const draftsMax = 200;
/** Storage is written this long after the last key, or as the page goes: all drafts are one entry, too long for each key. */
const restMs = 300;

const keyOf = (user: string): string => `${user}.drafts`;
type Drafts = Readonly<Record<string, string>>;

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

export const readDraft = (user: string, conversation: string): string => readAll(user)[conversation] ?? '';

const store = (): void => {
  clearTimeout(timer);
  timer = 0;
  if (known !== undefined) writeStored(localStorage, keyOf(known.user), known.drafts);
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

/** An empty text forgets the draft. */
export function writeDraft(user: string, conversation: string, text: string): void {
  const { [conversation]: _, ...others } = readAll(user);
  const drafts = text === '' ? others : { ...others, [conversation]: text };
  known = { user, drafts: Object.fromEntries(Object.entries(drafts).slice(-draftsMax)) };
  clearTimeout(timer);
  timer = window.setTimeout(store, restMs);
}
