/** Which messages the page shows large. */
import { describe, expect, test } from 'vitest';
import { isOnlyEmoji } from '../../web/src/emoji.ts';

describe('a message of emoji and nothing else', () => {
  test.each(['🎉', '❤️👍🏽', '👨‍👩‍👧‍👦', '🧑🏽‍❤️‍💋‍🧑🏿', '🇩🇪🇫🇷', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁳󠁣󠁴󠁿🏳️‍🌈', '1️⃣2️⃣#️⃣', '🎉🎉🎉🎉🎉🎉'])(
    '%s is shown large',
    (text) => {
      expect(isOnlyEmoji(text)).toBe(true);
    },
  );

  test.each(['1', '12', '#', 'a🎉', '🎉🎉🎉🎉🎉🎉🎉', '🇩', '', '1️'])('“%s” is not', (text) => {
    expect(isOnlyEmoji(text)).toBe(false);
  });
});
