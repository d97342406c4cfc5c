/** A person or a group as two letters on a tone of their own: a picture, not a text. */
import { initials, toneOf } from '../format.ts';

export function Monogram({
  name,
  id,
  small = false,
}: {
  readonly name: string;
  readonly id: string;
  readonly small?: boolean;
}) {
  return (
    <span
      className={`monogram tone-${toneOf(id)}${small ? ' small' : ''}`}
      data-letters={initials(name)}
      aria-hidden="true"
    />
  );
}
