/** Cursors: opaque to clients, checked before any table is asked, and good for nothing but the list they came from. */
import { Buffer } from 'node:buffer';
import { ParleyError } from '#domain/errors';
import { conversationUuid, userUuid } from '#domain/ids';
import { seqMax } from '#domain/limits';
import { parseTime } from '#domain/time';

const encode = (of: readonly (string | number)[]): string => Buffer.from(of.join('|')).toString('base64url');

const refuse = (): never => {
  throw new ParleyError('invalid_cursor', 'This cursor did not come from this list.');
};

const parts = (cursor: string): string[] => Buffer.from(cursor, 'base64url').toString('utf8').split('|');

const decode = (cursor: string, kind: string, count: number): string[] => {
  const found = parts(cursor);
  if (found.length !== count || found[0] !== kind || encode(found) !== cursor) return refuse();
  return found.slice(1);
};

const readSeq = (text: string | undefined): number => {
  const seq = Number(text);
  return text !== undefined && /^\d{1,13}$/.test(text) && seq >= 1 && seq <= seqMax + 1 ? seq : refuse();
};

/** A walk of messages goes on below this seq. `known`: the newest seq it has seen, which tells closed pages from open ones. */
export const historyCursor = (before: number, known: number): string => encode(['h', before, known]);

/** A walk of messages, the oldest first, goes on above this seq. */
export const laterCursor = (after: number): string => encode(['a', after]);

/** What the client may have made up, but for its form. */
export const readHistoryCursor = (cursor: string): { before: number; known: number } | { after: number } => {
  if (parts(cursor)[0] === 'a') return { after: readSeq(decode(cursor, 'a', 2)[0]) };
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

/** A walk of the people whom somebody blocks goes on after this one. */
export const blocksCursor = (user: string): string => encode(['b', user]);

export const readBlocksCursor = (cursor: string): string => userUuid(decode(cursor, 'b', 2)[0] ?? '') ?? refuse();
