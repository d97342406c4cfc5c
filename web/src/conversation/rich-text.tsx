/** A message's text: addresses become links, nothing else is interpreted. */
import { Fragment } from 'react';

const address = /(https?:\/\/[^\s<>"]+[^\s<>".,:;!?)\]}])/gu;

export function RichText({ text }: { readonly text: string }) {
  return text.split(address).map((part, place) =>
    place % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move.
      <a key={place} href={part} target="_blank" rel="noopener noreferrer" tabIndex={-1}>
        {part}
      </a>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move.
      <Fragment key={place}>{part}</Fragment>
    ),
  );
}
