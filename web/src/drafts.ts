/** What is being written, by user and conversation: kept until sent, over reloads. */
import { readStored, writeStored } from './storage.ts';

/** The oldest draft is forgotten past this many, so that storage cannot grow without end. */
const draftsMax = 200;

const keyOf = (user: string): string => `${user}.drafts`;
type Drafts = Readonly<Record<string, string>>;

/** Read once, since every row of the list asks; another tab's change makes it be read again. */
let known: { readonly user: string; readonly drafts: Drafts } | undefined;
addEventListener('storage', () => {
  known = undefined;
});

const readAll = (user: string): Drafts => {
  if (known?.user !== user) known = { user, drafts: readStored<Drafts>(localStorage, keyOf(user)) ?? {} };
  return known.drafts;
};

export const readDraft = (user: string, conversation: string): string => readAll(user)[conversation] ?? '';

/** At sign-out. */
export function forgetDrafts(user: string): void {
  known = undefined;
  writeStored(localStorage, keyOf(user), undefined);
}

/** An empty text forgets the draft. */
export function writeDraft(user: string, conversation: string, text: string): void {
  const { [conversation]: _, ...others } = readAll(user);
  const drafts = text === '' ? others : { ...others, [conversation]: text };
  known = { user, drafts: Object.fromEntries(Object.entries(drafts).slice(-draftsMax)) };
  writeStored(localStorage, keyOf(user), known.drafts);
}
