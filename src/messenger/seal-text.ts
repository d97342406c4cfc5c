/** A message's text and its preview, as they are stored. */
import { previewOf } from '#domain/text';
import type { Deps } from './deps.ts';
import type { placeOf } from './render.ts';

/** A text as it is stored. */
export interface SealedText {
  readonly message: string;
  readonly preview?: string;
}

/** A text sealed for its place, and its preview, sealed on its own when the text is too long to be copied to inbox rows. */
export const sealText = (
  sealer: Deps['sealer'],
  place: ReturnType<typeof placeOf>,
  text: string,
  deadline: number | undefined,
): SealedText | Promise<SealedText> => {
  const shown = previewOf(text);
  const message = sealer.seal(place, text, deadline);
  const preview = shown === text ? undefined : sealer.seal(place, shown, deadline);
  // With the key at hand, as it nearly always is, both are there at once, and nobody waits for a promise.
  if (typeof message === 'string' && (preview === undefined || typeof preview === 'string')) {
    return preview === undefined ? { message } : { message, preview };
  }
  return Promise.all([message, preview]).then(([message, preview]) =>
    preview === undefined ? { message } : { message, preview },
  );
};
