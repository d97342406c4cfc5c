/** A person or a group as two letters on a tone of their own. */
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
    <span className={`monogram tone-${toneOf(id)}${small ? ' small' : ''}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
