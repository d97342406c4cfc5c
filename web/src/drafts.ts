/** What is being written, by user and conversation: kept until sent, over reloads. */
import { readStored, writeStored } from './storage.ts';

/** The oldest draft is forgotten past this many, so that storage cannot grow without end. */
const draftsMax = 200;

const keyOf = (user: string): string => `${user}.drafts`;
const readAll = (user: string): Readonly<Record<string, string>> => readStored(localStorage, keyOf(user)) ?? {};

export const readDraft = (user: string, conversation: string): string => readAll(user)[conversation] ?? '';

/** An empty text forgets the draft. */
export function writeDraft(user: string, conversation: string, text: string): void {
  const { [conversation]: _, ...others } = readAll(user);
  const drafts = text === '' ? others : { ...others, [conversation]: text };
  writeStored(localStorage, keyOf(user), Object.fromEntries(Object.entries(drafts).slice(-draftsMax)));
}
