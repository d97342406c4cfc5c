import fc from 'fast-check';
import { expect, test } from 'vitest';
import { previewCharactersMax } from './limits.ts';
import { previewOf } from './text.ts';

/** Characters of one and of two code units, so that a cut between the halves of one would show. */
const text = fc
  .array(fc.constantFrom('a', 'é', '界', '🙂', '👍🏽'), { maxLength: 3 * previewCharactersMax })
  .map((parts) => parts.join(''));

test('a preview is the text itself, or as many of its characters as there is room for before an ellipsis', () => {
  fc.assert(
    fc.property(text, (whole) => {
      const points = [...whole];
      const expected =
        points.length <= previewCharactersMax ? whole : `${points.slice(0, previewCharactersMax - 1).join('')}…`;
      expect(previewOf(whole)).toBe(expected);
    }),
  );
});
