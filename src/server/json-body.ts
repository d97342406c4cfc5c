/**
 * Reads a JSON body, strictly: UTF-8 and nothing else, not deep, no text that a table or another client could not carry
 * (NUL, half a surrogate pair). What is refused here has cost no request to the table (SEC-6).
 */
import { isUtf8 } from 'node:buffer';
import { ParleyError } from '#domain/errors';

/** The deepest body of the contract has two levels. */
const depthMax = 8;
export const bodyBytesMax = 64 * 1_024;

const halfPair = /\p{Surrogate}/u;
const unfit = (text: string): boolean => text.includes('\0') || halfPair.test(text);

/** Walks the value: refuses what is too deep, and, where the text has escapes at all, strings that cannot be carried. */
const check = (value: unknown, field: string, depth: number, escapes: boolean): void => {
  if (typeof value === 'string') {
    if (!escapes || !unfit(value)) return;
    const message = 'has a character that no text can have (NUL, or half a surrogate pair)';
    throw new ParleyError('invalid_field', `${field}: ${message}`, { fields: [{ field, message }] });
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > depthMax) throw new ParleyError('bad_request', `The body is nested more than ${depthMax} levels deep.`);
  for (const [name, inner] of Object.entries(value)) check(inner, field === '' ? name : field, depth + 1, escapes);
};

const parse = (bytes: Buffer): unknown => {
  if (!isUtf8(bytes)) throw new ParleyError('bad_request', 'The body is not UTF-8.');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ParleyError('bad_request', 'The body is not JSON.');
  }
  // A NUL or a lone surrogate can come into valid JSON of valid UTF-8 only as an escape.
  check(value, '', 0, text.includes('\\u'));
  return value;
};

/** A body comes as it is: of what is compressed nobody knows how large it gets. @param coding of the header Content-Encoding. */
export const refuseEncoded = (coding: string | undefined): void => {
  if (coding === undefined || coding.toLowerCase() === 'identity') return;
  throw new ParleyError('unsupported_media_type', 'Send the body as it is, without a Content-Encoding.');
};

/** The body's value; `undefined` for an empty body. `takesBody` is false on routes that have none: `{}` is let pass there. */
export const readJsonBody = (bytes: Buffer, takesBody: boolean): unknown => {
  if (bytes.length === 0) return undefined;
  const value = parse(bytes);
  if (takesBody) return value;
  const [field] = typeof value === 'object' && value !== null ? Object.keys(value) : ['body'];
  if (field === undefined) return undefined;
  const message = 'is not a field of this request';
  throw new ParleyError('invalid_field', `${field.slice(0, 100)}: ${message}`, { fields: [{ field, message }] });
};
