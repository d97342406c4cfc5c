/**
 * The sealed string: a flattened JWE (RFC 7516, `dir` with A256GCM) of which only what cannot be computed is stored, as
 * `kid.body`, the body being IV, tag and ciphertext in base64url.
 *
 * Neither the protected header nor the `aad` member is stored: the header is its `kid` with constants around it, and the
 * `aad` follows from where the item stands, so that a sealed text opens nowhere else. Both are authenticated all the same.
 * The ciphers are Node's own and work at once, without a promise; docs/adr/0005 says what that saves.
 */
import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import type { UnreadableReason } from './port.ts';

/** The longest message (4,096 characters of 4 bytes) seals into 22,000 characters; nothing longer is looked at. */
export const sealedCharactersMax = 32_768;

/** Of a data key: AES-256. */
export const dataKeyBytes = 32;

/** Six digits; a data key gets a new generation at most when it is rotated. */
export const generationMax = 999_999;

/** Which key sealed a text, as its `kid` tells: the generation, and an id that is drawn for each key. */
export interface KeyId {
  readonly generation: number;
  readonly id: string;
}

/** `kid` is this format's version (2), the generation and the key's id. */
export const kidOf = (key: KeyId): string => `2.${key.generation}.${key.id}`;

const kidShape = /^2\.([1-9]\d{0,5})\.([\w-]{11})$/;
const kidAtStart = /^2\.[1-9]\d{0,5}\.[\w-]{11}(?=\.)/;
/** What another version sealed: its number first, or, in version 1, the whole protected header. */
const otherVersion = /^(?:(?!2\.)\d{1,6}\.|eyJ)[\w.-]*$/;

/** The key that a `kid` names; undefined when it is none of this version's. */
export const readKid = (kid: string): KeyId | undefined => {
  const [, generation, id] = kidShape.exec(kid) ?? [];
  return generation === undefined || id === undefined ? undefined : { generation: Number(generation), id };
};

/** The `kid` of a stored string that begins as a sealed text does, or why it does not. The rest of it is not looked at. */
export const kidIn = (
  sealed: unknown,
): { readonly kid: string } | { readonly unreadable: 'malformed' | 'unknown_version' } => {
  if (typeof sealed !== 'string' || sealed.length > sealedCharactersMax) return { unreadable: 'malformed' };
  const kid = kidAtStart.exec(sealed)?.[0];
  if (kid !== undefined) return { kid };
  return { unreadable: otherVersion.test(sealed) ? 'unknown_version' : 'malformed' };
};

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
const aadTailMax = 32;

/**
 * A function from a seq to the additional data of the cipher, `protected.aad` in ASCII, for one key and its place. All but
 * the seq is encoded once: base64 turns each three octets into four characters, so the encoding of a prefix can be kept.
 * What it returns is good until it is called again.
 */
export const aadEncoder = (kid: string, conversation: string, author: string): ((seq: number) => Buffer) => {
  const prefix = Buffer.from(placePrefix(conversation, author), 'utf8');
  const whole = prefix.length - (prefix.length % 3);
  const start = `${protectedOf(kid)}.${prefix.subarray(0, whole).toString('base64url')}`;
  const rest = prefix.subarray(whole).toString('latin1');
  const aad = Buffer.alloc(start.length + aadTailMax);
  aad.write(start, 'latin1');
  let view = aad;
  return (seq) => {
    const length = writeBase64url(aad, start.length, `${rest}${seq}}`);
    if (view.length !== length) view = aad.subarray(0, length);
    return view;
  };
};

/** The body's parts: the two of fixed length first, so that they lie at the same place in each. */
const ivBytes = 12;
const tagBytes = 16;
const textStart = ivBytes + tagBytes;

/** One body at a time, sealed or about to be opened: never a text, never a key. */
const body = Buffer.alloc(sealedCharactersMax);
const bodyIv = body.subarray(0, ivBytes);
const bodyTag = body.subarray(ivBytes, textStart);

/** Views on the ciphertexts of the shorter bodies, by their length: to make one costs a tenth of an opening. */
const viewedMax = 1_024;
const viewed: (Buffer | undefined)[] = new Array(viewedMax);
const ciphertextIn = (length: number): Buffer => {
  const view = viewed[length] ?? body.subarray(textStart, length);
  if (length < viewedMax) viewed[length] = view;
  return view;
};

/**
 * Decodes what follows the `kid`, and returns its length; undefined when it is no body. Decoders pass over stray bits,
 * foreign characters and line ends: only a string that is encoded again to the very same is one, so no two are one text.
 */
const decodeBody = (kid: string, sealed: string): number | undefined => {
  const encoded = sealed.slice(kid.length + 1);
  const length = body.write(encoded, 'base64url');
  return length >= textStart && body.toString('base64url', 0, length) === encoded ? length : undefined;
};

/** True when a string that begins with this `kid` is a sealed text's all through. */
export const isWhole = (kid: string, sealed: string): boolean => decodeBody(kid, sealed) !== undefined;

/** 96 bits for each seal, drawn from the system's generator 256 at a time: a call for each costs a fifth of a seal. */
const ivPool = Buffer.alloc(ivBytes * 256);
let ivNext = ivPool.length;
const drawIv = (): void => {
  if (ivNext === ivPool.length) {
    randomFillSync(ivPool);
    ivNext = 0;
  }
  ivPool.copy(bodyIv, 0, ivNext, ivNext + ivBytes);
  ivNext += ivBytes;
};

/** Seals a text under a data key of 32 bytes. `aad` is what `aadEncoder` gives for the same `kid`. */
export const sealWith = (key: Uint8Array, kid: string, aad: Buffer, text: string): string => {
  drawIv();
  const cipher = createCipheriv('aes-256-gcm', key, bodyIv);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(text, 'utf8');
  cipher.final();
  bodyTag.set(cipher.getAuthTag());
  body.set(ciphertext, textStart);
  return `${kid}.${body.toString('base64url', 0, textStart + ciphertext.length)}`;
};

/** One object for all calls: `createDecipheriv` looks at it and keeps nothing of it. */
const tagOption = { authTagLength: tagBytes };

/** Opens what begins with this key's `kid`; nothing of the text is looked at before its tag is verified. */
export const openWith = (
  key: Uint8Array,
  kid: string,
  aad: Buffer,
  sealed: string,
): { readonly text: string } | { readonly unreadable: Extract<UnreadableReason, 'tampered' | 'malformed'> } => {
  const length = decodeBody(kid, sealed);
  if (length === undefined) return { unreadable: 'malformed' };
  const decipher = createDecipheriv('aes-256-gcm', key, bodyIv, tagOption);
  decipher.setAAD(aad);
  decipher.setAuthTag(bodyTag);
  const text = decipher.update(ciphertextIn(length));
  try {
    decipher.final();
  } catch {
    return { unreadable: 'tampered' };
  }
  return { text: text.toString('utf8') };
};
