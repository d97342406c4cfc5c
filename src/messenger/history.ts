/** A: one conversation, newest first (PAGE-1 to PAGE-4). */
import { ParleyError } from '#domain/errors';
import { seqMax } from '#domain/limits';
import { readableBelow, readableFrom, type Spanned } from '#domain/membership';
import { parseTime, timeOf } from '#domain/time';
import type { EntryItem } from '#store/items';
import { historyCursor, readHistoryCursor } from './cursors.ts';
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
  /** Where the walk goes on downwards; undefined at the beginning of the log, or of what may be read. */
  readonly before: number | undefined;
}

const fieldError = (field: string, message: string): never => {
  throw new ParleyError('invalid_field', `${field}: ${message}`, { fields: [{ field, message }] });
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
    if (range === undefined) return { entries: [], before: undefined };
    const options = call.deadline === undefined ? {} : { deadline: call.deadline };
    const entries = await pages.read(conversation, { ...range, limit, known }, options);
    const oldest = entries.at(-1)?.seq ?? range.first;
    const more = oldest > 1 && readableBelow(member, oldest - 1) !== undefined;
    return { entries, before: more ? oldest : undefined };
  };

  const after = async (
    call: Call,
    conversation: string,
    member: Spanned,
    seq: number,
    limit: number,
  ): Promise<Entries> => {
    const range = readableFrom(member, seq + 1);
    if (range === undefined) return { entries: [], before: undefined };
    const { items } = await patterns.readEntriesAfter(conversation, range.first - 1, limit, call);
    const { last } = range;
    return { entries: last === undefined ? items : items.filter((entry) => entry.seq <= last), before: undefined };
  };

  /** The newest entry not after a time, by bisection of seqs: they are in the order of time (LOG-6). 0: none. */
  const seqAt = async (call: Call, conversation: string, time: number): Promise<{ last: number; known: number }> => {
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

  return async (
    call: Call,
    conversation: string,
    request: HistoryRequest,
  ): Promise<{ messages: readonly MessageView[]; cursor?: string }> => {
    const { limit, cursor, after_seq, before_seq, at } = request;
    if ([cursor, after_seq, before_seq, at].filter((given) => given !== undefined).length > 1) {
      fieldError('cursor', 'cursor, after_seq, before_seq and at exclude each other');
    }
    const time = at === undefined ? undefined : (parseTime(at) ?? fieldError('at', 'must be a time in ISO 8601'));
    const fromHead = { before: seqMax + 1, known: 0 };
    const { before, known } =
      cursor !== undefined
        ? readHistoryCursor(cursor)
        : before_seq !== undefined
          ? { before: before_seq, known: before_seq }
          : fromHead;

    let { member } = await memberships.mustKnow(call, conversation);
    const place = time === undefined ? { last: before - 1, known } : await seqAt(call, conversation, time);
    const read = () =>
      after_seq === undefined
        ? below(call, conversation, member, place, limit)
        : after(call, conversation, member, after_seq, limit);
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
    if (result.before === undefined) return { messages };
    return {
      messages,
      cursor: historyCursor(result.before, Math.max(place.known, result.entries[0]?.seq ?? 0, result.before)),
    };
  };
};
