/** Conversations between two people, to be sent: real ones out of a file that its owner names, or as many made up. */
import { readFileSync } from 'node:fs';
import { textOf } from '#cli/capacity/workload';
import { seeded } from './random.ts';

export interface Talk {
  /** Texts in order; `first` says whether the one of the two who began it writes. */
  readonly messages: readonly { readonly first: boolean; readonly text: string }[];
}

export interface Talks {
  readonly talks: readonly Talk[];
  /** What they are, in words. */
  readonly source: string;
}

/** A line of the file, as `bin/ddb/import` reads it. */
interface Line {
  readonly messages: readonly { readonly from: string; readonly text: string }[];
}

/** As many as in the conversations that the sizes of made-up texts were measured on. */
const madeUp = { talks: 539, messagesEach: 22 };

const realTalks = (file: string): readonly Talk[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { messages } = JSON.parse(line) as Line;
      const one = messages[0]?.from;
      return {
        messages: messages
          .filter(({ text }) => text.trim() !== '')
          .map(({ from, text }) => ({ first: from === one, text })),
      };
    });

/** @param file JSON Lines, as `bin/ddb/import` takes them; without it, texts of real sizes and common words. */
export const readTalks = (file: string | undefined): Talks => {
  if (file !== undefined) {
    const talks = realTalks(file);
    return { talks, source: `${countOf(talks)} messages of ${talks.length} real conversations` };
  }
  const random = seeded(8);
  const talks = Array.from({ length: madeUp.talks }, () => ({
    messages: Array.from({ length: madeUp.messagesEach }, (_, n) => ({ first: n % 2 === 0, text: textOf(random) })),
  }));
  return { talks, source: `${countOf(talks)} made-up messages, their sizes distributed as real ones are` };
};

export const countOf = (talks: readonly Talk[]): number =>
  talks.reduce((sum, { messages }) => sum + messages.length, 0);
