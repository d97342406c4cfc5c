/**
 * The sealed string: a flattened JWE (RFC 7516, `dir` with A256GCM) of which only what cannot be computed is stored, as
 * `kid.body`, the body being IV, tag and ciphertext in base64url.
 *
 * Neither the protected header nor the `aad` member is stored: the header is its `kid` with constants around it, and the
 * `aad` follows from where the item stands, so that a sealed text opens nowhere else. Both are authenticated all the same.
 * The ciphers are Node's own and work at once, without a promise; docs/adr/0005 says what that saves.
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto';
import type { UnreadableReason } from './port.ts';

/** The longest message (4,096 characters of 4 bytes) seals into 22,000 characters; nothing longer is looked at. */
export const sealedCharactersMax = 32_768;

/** Of a data key: AES-256. */
export const dataKeyBytes = 32;

/** Six digits; a data key gets a new generation at most when it is rotated. */
export const generationMax = 999_999;

/** A sealed text, and where in its conversation it stands. */
export interface SealedAt {
  readonly seq: number;
  readonly sealed: string;
}

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

/** What a decoder takes for the other character of the same value, or cuts down to one. */
const otherAlphabet = /[+/]|[^\0-\xff]/;
/** The characters that may end an encoding of one octet, or two, more than a multiple of three: their last bits are zero. */
const endsOfOne = 'AQgw';
const endsOfTwo = 'AEIMQUYcgkosw048';

/**
 * Decodes what follows the `kid`, and returns its length; undefined when it is no body. Decoders pass over stray bits,
 * foreign characters and line ends: only a string that is what its octets encode to is one, so no two are one text.
 */
const decodeBody = (kid: string, sealed: string): number | undefined => {
  const encoded = sealed.slice(kid.length + 1);
  const length = body.write(encoded, 'base64url');
  // Whatever was passed over, and whatever is behind an end, is missing in the count.
  if (length < textStart || Math.ceil((length * 4) / 3) !== encoded.length || otherAlphabet.test(encoded))
    return undefined;
  const over = length % 3;
  if (over === 0) return length;
  return (over === 1 ? endsOfOne : endsOfTwo).includes(encoded.charAt(encoded.length - 1)) ? length : undefined;
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
export const sealWith = (key: KeyObject, kid: string, aad: Buffer, text: string): string => {
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
  key: KeyObject,
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
