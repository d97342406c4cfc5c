/** Cursors: opaque to clients, checked before any table is asked, and good for nothing but the list they came from. */
import { Buffer } from 'node:buffer';
import { ParleyError } from '#domain/errors';
import { conversationUuid } from '#domain/ids';
import { seqMax } from '#domain/limits';
import { parseTime } from '#domain/time';

const encode = (parts: readonly (string | number)[]): string => Buffer.from(parts.join('|')).toString('base64url');

const refuse = (): never => {
  throw new ParleyError('invalid_cursor', 'This cursor did not come from this list.');
};

const decode = (cursor: string, kind: string, count: number): string[] => {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const parts = text.split('|');
  if (parts.length !== count || parts[0] !== kind || encode(parts) !== cursor) return refuse();
  return parts.slice(1);
};

const readSeq = (text: string | undefined): number => {
  const seq = Number(text);
  return text !== undefined && /^\d{1,13}$/.test(text) && seq >= 1 && seq <= seqMax + 1 ? seq : refuse();
};

/** A walk of messages goes on below this seq. `known`: the newest seq it has seen, which tells closed pages from open ones. */
export const historyCursor = (before: number, known: number): string => encode(['h', before, known]);

/** What the client may have made up, but for its form. */
export const readHistoryCursor = (cursor: string): { before: number; known: number } => {
  const [before, known] = decode(cursor, 'h', 3);
  return { before: readSeq(before), known: readSeq(known) };
};

/** A walk of a folder goes on after this row. */
export const inboxCursor = (folder: string, lastMessageAt: string, conversation: string): string =>
  encode(['i', folder, lastMessageAt, conversation]);

export const readInboxCursor = (cursor: string, folder: string): { lastMessageAt: string; conversation: string } => {
  const [of, lastMessageAt = '', uuid = ''] = decode(cursor, 'i', 4);
  const conversation = conversationUuid(uuid);
  if (of !== folder || conversation === undefined || parseTime(lastMessageAt) === undefined) return refuse();
  return { lastMessageAt, conversation };
};
