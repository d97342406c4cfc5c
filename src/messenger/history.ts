/** A: one conversation, newest first (PAGE-1 to PAGE-4). */
import { ParleyError } from '#domain/errors';
import { seqMax } from '#domain/limits';
import { readableBelow, readableFrom, type Spanned } from '#domain/membership';
import { parseTime, timeOf } from '#domain/time';
import type { EntryItem } from '#store/items';
import { historyCursor, laterCursor, readHistoryCursor } from './cursors.ts';
import type { Deps } from './deps.ts';
import { noSuchConversation } from './faults.ts';
import type { Log } from './log.ts';
import { type Memberships, memberOf } from './memberships.ts';
import type { Call, HistoryRequest } from './messenger.ts';
import type { Pages } from './pages.ts';
import type { Render } from './render.ts';
import type { MessageView } from './views.ts';

interface Entries {
  readonly entries: readonly EntryItem[];
  /** Where the walk goes on, in its direction; undefined at the end of the log, or of what may be read. */
  readonly goesOn: number | undefined;
}

const fieldError = (field: string, message: string): never => {
  throw new ParleyError('invalid_field', `${field}: ${message}`, { fields: [{ field, message }] });
};

/** Where a page begins: after a seq, the oldest first; or at `last`, the newest first, with what is known of the log's length. */
type Place = { readonly after: number } | { readonly last: number; readonly known: number };

const placeOf = ({ cursor, after_seq, before_seq }: HistoryRequest): Place => {
  if (after_seq !== undefined) return { after: after_seq };
  if (cursor === undefined && before_seq === undefined) return { last: seqMax, known: 0 };
  const from = cursor === undefined ? { before: before_seq ?? 0, known: before_seq ?? 0 } : readHistoryCursor(cursor);
  // Past the last seq that there can be nothing is known to exist, whatever the request says.
  return 'after' in from ? from : { last: from.before - 1, known: Math.min(from.known, seqMax) };
};

export const createHistory = (
  { patterns }: Pick<Deps, 'patterns'>,
  parts: { readonly log: Log; readonly memberships: Memberships; readonly pages: Pages; readonly render: Render },
) => {
  const { log, memberships, pages, render } = parts;

  const below = async (
    call: Call,
    conversation: string,
    member: Spanned,
    { last, known }: { readonly last: number; readonly known: number },
    limit: number,
  ): Promise<Entries> => {
    const range = readableBelow(member, last);
    if (range === undefined) return { entries: [], goesOn: undefined };
    const options = call.deadline === undefined ? {} : { deadline: call.deadline };
    const entries = await pages.read(conversation, { ...range, limit, known }, options);
    const oldest = entries.at(-1)?.seq ?? range.first;
    const more = oldest > 1 && readableBelow(member, oldest - 1) !== undefined;
    return { entries, goesOn: more ? oldest : undefined };
  };

  const after = async (
    call: Call,
    conversation: string,
    member: Spanned,
    seq: number,
    { limit, ahead }: { readonly limit: number; readonly ahead: number },
  ): Promise<Entries> => {
    const range = readableFrom(member, seq + 1);
    if (range === undefined) return { entries: [], goesOn: undefined };
    const last = range.last ?? seqMax;
    const { items, next } = await patterns.readEntriesAfter(conversation, range.first - 1, limit + ahead, call);
    const readable = items.filter((entry) => entry.seq <= last);
    const entries = readable.slice(0, limit);
    const newest = entries.at(-1)?.seq ?? last;
    const isCut = readable.length > limit || (next !== undefined && readable.length === items.length);
    if (isCut) return { entries, goesOn: newest };
    const isLater = range.last !== undefined && readableFrom(member, last + 1) !== undefined;
    return { entries, goesOn: isLater ? last : undefined };
  };

  /** The newest entry not after a time, by bisection of seqs: they are in the order of time (LOG-6). 0: none. */
  const seqAt = async (call: Call, conversation: string, time: number): Promise<Place> => {
    const known = await log.head(conversation, call);
    let low = 0;
    let high = known;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const entry = await patterns.getEntry(conversation, middle, call);
      if (entry !== undefined && timeOf(entry.created_at) <= time) low = middle;
      else high = middle - 1;
    }
    return { last: low, known };
  };

  /**
   * @param ahead entries read past a page upwards: one tells whether there is more, so that the last page has no cursor.
   * Without it a full page has one.
   */
  return async (
    call: Call,
    conversation: string,
    request: HistoryRequest,
    ahead: 0 | 1 = 1,
  ): Promise<{ messages: readonly MessageView[]; cursor?: string }> => {
    const { limit, cursor, after_seq, before_seq, at } = request;
    if ([cursor, after_seq, before_seq, at].filter((given) => given !== undefined).length > 1) {
      fieldError('cursor', 'cursor, after_seq, before_seq and at exclude each other');
    }
    const time = at === undefined ? undefined : (parseTime(at) ?? fieldError('at', 'must be a time in ISO 8601'));
    // Before anything is asked of the table: a cursor may be no cursor.
    const start = placeOf(request);
    let { member } = await memberships.mustKnow(call, conversation);
    const place = time === undefined ? start : await seqAt(call, conversation, time);
    const read = () =>
      'after' in place
        ? after(call, conversation, member, place.after, { limit, ahead })
        : below(call, conversation, member, place, limit);
    let result = await read();
    // An entry names the membership it was written under: if that is newer than the one this page was allowed by, the
    // page is cut anew by the newer one before anybody sees it.
    const newest = result.entries.reduce((seq, entry) => Math.max(seq, entry.members_seq ?? 0), 0);
    const current = newest === 0 ? undefined : await memberships.atLeast(conversation, newest, call);
    const now = memberOf(current, call.user);
    if (current !== undefined && now !== member) {
      if (now === undefined) throw noSuchConversation();
      if (JSON.stringify(now.spans) !== JSON.stringify(member.spans)) {
        member = now;
        result = await read();
      }
    }
    const messages = await render.messages(result.entries, call);
    const { goesOn } = result;
    if (goesOn === undefined) return { messages };
    if ('after' in place) return { messages, cursor: laterCursor(goesOn) };
    const known = Math.max(place.known, result.entries[0]?.seq ?? 0, goesOn);
    // Whoever left learns nothing of how far it goes on: not out of a cursor either.
    return { messages, cursor: historyCursor(goesOn, Math.min(known, member.spans.at(-1)?.to ?? known)) };
  };
};
