/**
 * What a sealed text is bound to, as the additional data of its cipher: the protected header of the JWE that it stands for, and
 * where it stands. Neither is stored.
 */

const base64url = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');

/** The protected header of the JWE that a sealed string stands for: no other member (`crit`, `zip`) can be in it. */
export const protectedOf = (kid: string): string => base64url(`{"alg":"dir","enc":"A256GCM","kid":"${kid}"}`);

/** The octets a place stands for, before its seq: canonical JSON (RFC 8785) with the members in order. */
const placePrefix = (conversation: string, author: string): string =>
  `{"author":${JSON.stringify(author)},"conversation":${JSON.stringify(conversation)},"seq":`;

/** The `aad` member of the flattened JWE, base64url: what a conversation, a seq and an author are bound by. */
export const aadOf = (conversation: string, seq: number, author: string): string =>
  base64url(`${placePrefix(conversation, author)}${seq}}`);

const base64urlAlphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1');

/** Writes an ASCII text, encoded, and returns where it ends; by hand, because Node's calls cost more than so few characters. */
const writeBase64url = (target: Buffer, start: number, ascii: string): number => {
  let end = start;
  let bits = 0;
  let count = 0;
  for (let n = 0; n < ascii.length; n += 1) {
    bits = ((bits << 8) | ascii.charCodeAt(n)) & 0xffff;
    for (count += 8; count >= 6; end += 1) {
      count -= 6;
      target[end] = base64urlAlphabet[(bits >> count) & 63] ?? 0;
    }
  }
  if (count > 0) target[end++] = base64urlAlphabet[(bits << (6 - count)) & 63] ?? 0;
  return end;
};

/** Of the last octets of a prefix, the longest seq and the closing brace. */
const tailMax = 32;

/** One at a time, for whichever key is in use: most keys open a page and are not asked again. */
let aad = Buffer.alloc(1_024);
let view = aad;
/** What `aad` begins with now. */
let begun = '';

const begin = (start: string): void => {
  if (aad.length < start.length + tailMax) aad = Buffer.alloc(start.length + tailMax);
  aad.write(start, 'latin1');
  begun = start;
};

/**
 * A function from a seq to the additional data of the cipher, `protected.aad` in ASCII, for one key and its place. All but
 * the seq is encoded once: base64 turns each three octets into four characters, so the encoding of a prefix can be kept.
 * What it returns is good until this or another of these functions is called.
 */
export const aadEncoder = (kid: string, conversation: string, author: string): ((seq: number) => Buffer) => {
  const prefix = Buffer.from(placePrefix(conversation, author), 'utf8');
  const whole = prefix.length - (prefix.length % 3);
  const start = `${protectedOf(kid)}.${prefix.toString('base64url', 0, whole)}`;
  const rest = prefix.toString('latin1', whole);
  return (seq) => {
    if (begun !== start) begin(start);
    const length = writeBase64url(aad, start.length, `${rest}${seq}}`);
    if (view.length !== length || view.buffer !== aad.buffer) view = aad.subarray(0, length);
    return view;
  };
};
