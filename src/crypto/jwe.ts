/**
 * The sealed string: a flattened JWE (RFC 7516, `dir` with A256GCM) written on one line as `protected.iv.ciphertext.tag`.
 *
 * The JWE's `aad` member is not stored: it is computed from where the item stands, so that a sealed text opens nowhere
 * else. The ciphers are Node's own and work at once, without a promise; docs/adr/0005 says what that saves.
 */
import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import type { UnreadableReason } from './port.ts';

/** The longest message (4,096 characters of 4 bytes) seals into 22,000 characters; nothing longer is looked at. */
export const sealedCharactersMax = 32_768;

/** Of a data key: AES-256. */
export const dataKeyBytes = 32;

/** Six digits; a data key gets a new generation at most when it is rotated. */
export const generationMax = 999_999;

/** Which key sealed a text, as its protected header tells: the generation, and an id that is drawn for each key. */
export interface KeyId {
  readonly generation: number;
  readonly id: string;
}

/** Where the parts of a sealed string begin: the header ends at the first dot, the tag's length is fixed. */
const ivCharacters = 16;
const tagCharacters = 22;
const headerCharactersMax = 256;

/** base64url without padding, the last character of the tag with no stray bits: one way to write each value. */
const sealedShape = /^[\w-]{1,256}\.[\w-]{16}\.[\w-]*\.[\w-]{21}[AQgw]$/;
const kidShape = /^1\.([1-9]\d{0,5})\.([\w-]{11})$/;
/** What may end a ciphertext whose last group has two, and three, characters. */
const endsOfTwo = 'AQgw';
const endsOfThree = 'AEIMQUYcgkosw048';

const base64url = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');

/** The protected header for a key. `kid` is this format's version (1), the generation and the key's id. */
export const headerOf = (key: KeyId): string =>
  base64url(`{"alg":"dir","enc":"A256GCM","kid":"1.${key.generation}.${key.id}"}`);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The key that a protected header names. Only the header as `headerOf` writes it is this version's: any other JSON object
 * belongs to a version not known here, so that no member (`crit`, `zip`) is ever passed over in silence.
 */
export const readHeader = (header: string): KeyId | 'malformed' | 'unknown_version' => {
  if (header.length > headerCharactersMax) return 'malformed';
  const text = Buffer.from(header, 'base64url').toString('utf8');
  if (base64url(text) !== header) return 'malformed';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'malformed';
  }
  if (!isObject(value)) return 'malformed';
  const kid = typeof value.kid === 'string' ? kidShape.exec(value.kid) : null;
  if (kid?.[1] === undefined || kid[2] === undefined) return 'unknown_version';
  const key: KeyId = { generation: Number(kid[1]), id: kid[2] };
  return headerOf(key) === header ? key : 'unknown_version';
};

const ciphertextEndsWell = (sealed: string): boolean => {
  const end = sealed.length - tagCharacters - 1;
  const start = sealed.indexOf('.') + ivCharacters + 2;
  const rest = (end - start) % 4;
  const last = sealed.charAt(end - 1);
  return rest === 0 || (rest === 2 && endsOfTwo.includes(last)) || (rest === 3 && endsOfThree.includes(last));
};

/** The protected header of a stored string that has the shape of a sealed text, or why it has not. */
export const headerIn = (
  sealed: unknown,
): { readonly header: string } | { readonly unreadable: 'malformed' | 'unknown_version' } => {
  if (typeof sealed !== 'string' || sealed.length > sealedCharactersMax) return { unreadable: 'malformed' };
  const dot = sealed.indexOf('.');
  if (dot === -1) return { unreadable: 'malformed' };
  const header = sealed.slice(0, dot);
  if (sealedShape.test(sealed) && ciphertextEndsWell(sealed)) return { header };
  return { unreadable: readHeader(header) === 'unknown_version' ? 'unknown_version' : 'malformed' };
};

/** The octets a place stands for, before its seq: canonical JSON (RFC 8785) with the members in order. */
const placePrefix = (conversation: string, author: string): string =>
  `{"author":${JSON.stringify(author)},"conversation":${JSON.stringify(conversation)},"seq":`;

/** The `aad` member of the flattened JWE, base64url: what a conversation, a seq and an author are bound by. */
export const aadOf = (conversation: string, seq: number, author: string): string =>
  base64url(`${placePrefix(conversation, author)}${seq}}`);

/**
 * A function from a seq to the additional data of the cipher, `protected.aad` in ASCII, for one key and its place. All but
 * the seq is encoded once: base64 turns each three octets into four characters, so the encoding of a prefix can be kept.
 */
export const aadEncoder = (header: string, conversation: string, author: string): ((seq: number) => Buffer) => {
  const prefix = Buffer.from(placePrefix(conversation, author), 'utf8');
  const whole = prefix.length - (prefix.length % 3);
  const start = `${header}.${prefix.subarray(0, whole).toString('base64url')}`;
  const rest = prefix.subarray(whole).toString('latin1');
  return (seq) => Buffer.from(start + Buffer.from(`${rest}${seq}}`, 'latin1').toString('base64url'), 'latin1');
};

/** 96 bits for each seal, drawn from the system's generator 256 at a time: a call for each costs a fifth of a seal. */
const ivBytes = 12;
const ivPool = Buffer.alloc(ivBytes * 256);
let ivNext = ivPool.length;
const freshIv = (): Buffer => {
  if (ivNext === ivPool.length) {
    randomFillSync(ivPool);
    ivNext = 0;
  }
  ivNext += ivBytes;
  return ivPool.subarray(ivNext - ivBytes, ivNext);
};

/** Seals a text under a data key of 32 bytes. `aad` is what `aadEncoder` gives for the same header. */
export const sealWith = (key: Uint8Array, header: string, aad: Buffer, text: string): string => {
  const iv = freshIv();
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(text, 'utf8');
  cipher.final();
  const tag = cipher.getAuthTag();
  return `${header}.${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${tag.toString('base64url')}`;
};

/** Opens what `headerIn` has found well formed; nothing of the text is looked at before its tag is verified. */
export const openWith = (
  key: Uint8Array,
  header: string,
  aad: Buffer,
  sealed: string,
): { readonly text: string } | { readonly unreadable: Extract<UnreadableReason, 'tampered'> } => {
  const ivStart = header.length + 1;
  const textStart = ivStart + ivCharacters + 1;
  const iv = Buffer.from(sealed.slice(ivStart, textStart - 1), 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAAD(aad);
  decipher.setAuthTag(Buffer.from(sealed.slice(-tagCharacters), 'base64url'));
  const text = decipher.update(Buffer.from(sealed.slice(textStart, -tagCharacters - 1), 'base64url'));
  try {
    decipher.final();
  } catch {
    return { unreadable: 'tampered' };
  }
  return { text: text.toString('utf8') };
};
