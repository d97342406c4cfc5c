/** Which messages are emoji and nothing else: a few of them are shown large. */

/** One picture, with its tone, with those joined to it, or with the tags that make it a region's flag; a country's flag; a keycap. */
const emoji =
  /\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|[\u{E0020}-\u{E007F}]|\u200D\p{Extended_Pictographic})*|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3/gu;
/** Longer than any six emoji: a long text is not looked through. */
const charactersMax = 128;
const shownLargeMax = 6;

export function isOnlyEmoji(text: string): boolean {
  if (text.length > charactersMax) return false;
  const found = text.match(emoji) ?? [];
  return found.length > 0 && found.length <= shownLargeMax && found.join('') === text;
}
