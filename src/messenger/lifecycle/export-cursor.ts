/** Where an export goes on, and what it had counted by then: so that its last line counts the whole of it. */
import { Buffer } from 'node:buffer';
import { ParleyError } from '#domain/errors';
import { conversationUuid, userUuid } from '#domain/ids';
import { seqMax } from '#domain/limits';

/** The kinds of lines, in the order of their counts in a cursor. */
export const lineKinds = ['profile', 'block', 'conversation', 'message', 'system', 'unreadable'] as const;
export type LineKind = (typeof lineKinds)[number];

/** After which line: the profile, a block, or an entry of a conversation (0: its own line). */
export type ExportPlace =
  | { readonly part: 'profile' }
  | { readonly part: 'blocks'; readonly after: string }
  | { readonly part: 'conversations'; readonly conversation: string; readonly seq: number };

export interface ExportState {
  readonly place: ExportPlace;
  readonly counts: Readonly<Record<LineKind, number>>;
}

const encode = (parts: readonly (string | number)[]): string => Buffer.from(parts.join('|')).toString('base64url');

/** Opaque, and good for nothing but one's own export. */
export const exportCursor = ({ place, counts }: ExportState): string => {
  const name = place.part === 'blocks' ? place.after : place.part === 'conversations' ? place.conversation : '';
  const seq = place.part === 'conversations' ? place.seq : 0;
  return encode(['x', place.part, name, seq, ...lineKinds.map((kind) => counts[kind])]);
};

const placeOf = (part: string, name: string, seq: number): ExportPlace | undefined => {
  if (part === 'profile' && name === '') return { part };
  if (part === 'blocks' && userUuid(name) === name) return { part, after: name };
  if (part === 'conversations' && conversationUuid(name) === name && seq <= seqMax)
    return { part, conversation: name, seq };
  return undefined;
};

/** Refuses what did not come from an export, before any table is asked. */
export const readExportCursor = (cursor: string): ExportState => {
  const [kind, part = '', name = '', seq = '', ...sums] = Buffer.from(cursor, 'base64url').toString('utf8').split('|');
  const place = placeOf(part, name, Number(seq));
  const numbers = [seq, ...sums];
  const whole = numbers.every((text) => /^\d{1,15}$/.test(text)) && sums.length === lineKinds.length;
  if (kind !== 'x' || place === undefined || !whole || encode([kind, part, name, ...numbers]) !== cursor)
    throw new ParleyError('invalid_cursor', 'This cursor did not come from an export.');
  const counts = Object.fromEntries(lineKinds.map((name, at) => [name, Number(sums[at])])) as ExportState['counts'];
  return { place, counts };
};
