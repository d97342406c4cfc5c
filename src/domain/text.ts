/** What a text must be to be stored: well-formed Unicode, not blank, within its length. */
import { ParleyError } from './errors.ts';
import { emojiCharactersMax, previewCharactersMax } from './limits.ts';

// NUL is legal Unicode but ends strings in too many places downstream; other control characters are left as people typed them.
const nul = '\u0000';

/** Unicode code points, which is what every length bound counts. */
export const characters = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

const refuse = (field: string, message: string): never => {
  throw new ParleyError('invalid_field', `${field}: ${message}`, { fields: [{ field, message }] });
};

/** The text itself; an error names the field. Spaces around it are kept: they are the author's. */
export const storableText = (field: string, text: string, charactersMax: number): string => {
  if (text.trim() === '') return refuse(field, 'must not be blank');
  // A code point is one or two code units: most texts need no counting.
  if (text.length > charactersMax && characters(text) > charactersMax) {
    return refuse(field, `must not be longer than ${charactersMax} characters`);
  }
  if (!text.isWellFormed() || text.includes(nul)) return refuse(field, 'must be well-formed Unicode without NUL');
  return text;
};

/** What an inbox row shows of a text: the text itself when it is short, else its beginning. */
export const previewOf = (text: string): string => {
  if (text.length <= previewCharactersMax) return text;
  let cut = 0;
  let count = 0;
  for (let at = 0; at < text.length; count += 1) {
    if (count === previewCharactersMax - 1) cut = at;
    if (count === previewCharactersMax) return `${text.slice(0, cut)}…`;
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return text;
};

// The `v` flag knows emoji made of several code points; as a variable, because it is newer than the compiler's target.
const setsFlag: string = 'v';
let oneEmoji: RegExp | undefined;

/** One emoji, as Unicode recommends it for interchange. */
export const storableEmoji = (text: string): string => {
  // Made when it is first asked for: it takes twenty milliseconds, a tenth of what a script takes to start.
  oneEmoji ??= new RegExp(String.raw`^\p{RGI_Emoji}$`, setsFlag);
  return text.length <= 2 * emojiCharactersMax && oneEmoji.test(text) ? text : refuse('emoji', 'must be one emoji');
};
