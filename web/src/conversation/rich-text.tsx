/** A message's text: addresses become links, nothing else is interpreted. */
import { Fragment } from 'react';

/** Brackets are part of an address in pairs; a mark at the end is the sentence's. A phone begins a line with a capital. */
const address = /(https?:\/\/(?:\([^\s<>"()]*\)|[^\s<>"()])*(?:\([^\s<>"()]*\)|[^\s<>"().,:;!?\]}]))/giu;

interface RichTextProps {
  readonly text: string;
  /** Whether its links are in the tab order. */
  readonly tabbable: boolean;
}

export function RichText({ text, tabbable }: RichTextProps) {
  return text.split(address).map((part, place) =>
    place % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move.
      <a key={place} href={part} target="_blank" rel="noopener noreferrer" tabIndex={tabbable ? 0 : -1}>
        {part}
      </a>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move.
      <Fragment key={place}>{part}</Fragment>
    ),
  );
}
