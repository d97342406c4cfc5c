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
import type { Render } from './render.ts';
import type { MessageView } from './views.ts';

interface Entries {
  readonly entries: readonly EntryItem[];
  /** Where the walk goes on downwards; undefined at the beginning of the log, or of what may be read. */
  readonly before: number | undefined;
}

const contiguous = (entries: readonly EntryItem[]): boolean =>
  entries.every((entry, index) => index === 0 || entry.seq === (entries[index - 1]?.seq ?? 0) - 1);

const fieldError = (field: string, message: string): never => {
  throw new ParleyError('invalid_field', `${field}: ${message}`, { fields: [{ field, message }] });
};

export const createHistory = (
  { patterns }: Deps,
  parts: { readonly log: Log; readonly memberships: Memberships; readonly render: Render },
) => {
  const { log, memberships, render } = parts;

  /** One query for a page that ends at `last`, newest first; asked again consistently if a lagging replica left a hole. */
  const page = async (call: Call, conversation: string, first: number, last: number, limit: number) => {
    const options = { limit, ...(call.deadline !== undefined && { deadline: call.deadline }) };
    const { items } = await patterns.listMessages(conversation, first, last, options);
    if (contiguous(items)) return items;
    return (await patterns.listMessages(conversation, first, last, { ...options, consistent: true })).items;
  };

  const below = async (
    call: Call,
    conversation: string,
    member: Spanned,
    last: number,
    limit: number,
  ): Promise<Entries> => {
    const range = readableBelow(member, last);
    if (range === undefined) return { entries: [], before: undefined };
    const entries = await page(call, conversation, range.first, range.last, limit);
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
  const seqAt = async (call: Call, conversation: string, time: number): Promise<number> => {
    let low = 0;
    let high = await log.head(conversation, call);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const entry = await patterns.getEntry(conversation, middle, call);
      if (entry !== undefined && timeOf(entry.created_at) <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  return async (
    call: Call,
    conversation: string,
    request: HistoryRequest,
  ): Promise<{ messages: MessageView[]; cursor?: string }> => {
    const { limit, cursor, after_seq, before_seq, at } = request;
    if ([cursor, after_seq, before_seq, at].filter((given) => given !== undefined).length > 1) {
      fieldError('cursor', 'cursor, after_seq, before_seq and at exclude each other');
    }
    const time = at === undefined ? undefined : (parseTime(at) ?? fieldError('at', 'must be a time in ISO 8601'));
    const before = cursor !== undefined ? readHistoryCursor(cursor) : before_seq;

    let { member } = await memberships.mustKnow(call, conversation);
    const last = time === undefined ? (before ?? seqMax + 1) - 1 : await seqAt(call, conversation, time);
    const read = () =>
      after_seq === undefined
        ? below(call, conversation, member, last, limit)
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
    return result.before === undefined ? { messages } : { messages, cursor: historyCursor(result.before) };
  };
};
