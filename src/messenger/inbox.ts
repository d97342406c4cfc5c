/** B: my conversations, newest first, and the marks a user sets on their own rows (INBOX-1, 2, 7; CONV-3). */
import { ParleyError } from '#domain/errors';
import { isIn, present } from '#domain/membership';
import type { InboxRowItem } from '#store/items';
import { folderChange, inboxPosition } from '#store/positions';
import { isConditionFailed } from '#table/errors';
import type { Changes, Condition } from '#table/port';
import { inboxCursor, readInboxCursor } from './cursors.ts';
import type { Deps } from './deps.ts';
import { noSuchConversation } from './faults.ts';
import type { Log } from './log.ts';
import type { Memberships } from './memberships.ts';
import type { Call } from './messenger.ts';
import type { Render } from './render.ts';
import type { RowView } from './views.ts';

const noSuchSeq = (): ParleyError => new ParleyError('seq_out_of_range', 'There is no message with this seq.');

export const createInbox = (
  { patterns, bus }: Deps,
  parts: { readonly log: Log; readonly memberships: Memberships; readonly render: Render },
) => {
  const { log, memberships, render } = parts;

  const list = async (
    call: Call,
    request: { readonly folder: 'inbox' | 'archive'; readonly limit: number; readonly cursor?: string },
  ): Promise<{ conversations: readonly RowView[]; cursor?: string }> => {
    const { folder, limit } = request;
    const from = request.cursor === undefined ? undefined : readInboxCursor(request.cursor, folder);
    const start = from && inboxPosition(call.user, folder, from.lastMessageAt, from.conversation);
    const { items, next } = await patterns.listConversations(call.user, folder, {
      limit,
      ...(start && { start }),
      ...(call.deadline !== undefined && { deadline: call.deadline }),
    });
    const conversations = await render.rows(items, call);
    const last = items.at(-1);
    // To read one row more would tell whether a full page is the last, and cost half a unit more each time: it may be empty.
    if (next === undefined || last === undefined) return { conversations };
    return { conversations, cursor: inboxCursor(folder, last.last_message_at, last.message_group_uuid) };
  };

  /** Changes the caller's row; undefined when the condition does not hold of the row that is there. */
  const change = async (call: Call, conversation: string, changes: Changes, condition: Condition) => {
    try {
      return { changed: await patterns.changeInboxRow(call.user, conversation, { changes, condition }, call) };
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      if (error.item === undefined) throw noSuchConversation();
      return { standing: error.item as unknown as InboxRowItem };
    }
  };
  const always: Condition = { attribute: 'pk', is: 'present' };

  /** What a change of one's own row shows on one's other screens. */
  const announce = (call: Call, row: InboxRowItem): void =>
    bus.publish({ type: 'conversation.updated', to: [call.user], body: row });

  const setFlags = async (
    call: Call,
    conversation: string,
    flags: { readonly muted?: boolean; readonly archived?: boolean },
  ): Promise<RowView> => {
    await memberships.mustKnow(call, conversation);
    const set = {
      ...(flags.muted !== undefined && { muted: flags.muted }),
      ...(flags.archived !== undefined && folderChange(call.user, flags.archived ? 'archive' : 'inbox')),
      // What is in the log now does not bring it back, however late the fan-out comes by with it.
      ...(flags.archived === true && { archived_seq: await log.head(conversation, call) }),
    };
    if (Object.keys(set).length === 0) {
      const row = await patterns.getInboxRow(call.user, conversation, { ...call, consistent: true });
      if (row === undefined) throw noSuchConversation();
      return render.row(row, call);
    }
    const { changed, standing } = await change(call, conversation, { set }, always);
    const row = changed ?? standing;
    announce(call, row);
    return render.row(row, call);
  };

  const markRead = async (
    call: Call,
    conversation: string,
    mark: { readonly seq: number; readonly unread?: boolean },
  ): Promise<RowView> => {
    const { conversation: known, member } = await memberships.mustKnow(call, conversation);
    // Who joined later has nothing to read up on: a mark goes back to their joining, and no further (CONV-2).
    const seq = Math.max(mark.seq, (member.spans.at(-1)?.from ?? 0) - 1);
    // Whoever left learns nothing of what came after, not even how much it is.
    const last = isIn(member) ? undefined : member.spans.at(-1)?.to;
    if (last !== undefined && seq > last) throw noSuchSeq();
    const forward: Condition = { attribute: 'read_seq', is: '<', value: seq };
    const reached: Condition = { attribute: 'last_seq', is: '>=', value: seq };
    const condition = mark.unread === true ? reached : { all: [forward, reached] };
    // An entry of the caller's own that is in the log now does not mark it as read after all.
    const head = mark.unread === true ? await log.head(conversation, call) : undefined;
    const changes = { set: { read_seq: seq, ...(head !== undefined && { unread_seq: head }) } };
    let result = await change(call, conversation, changes, condition);
    if (result.standing !== undefined && result.standing.last_seq < seq) {
      // The row may lag behind the log, never the other way round: ask the log before refusing.
      if (seq > (head ?? (await log.head(conversation, call)))) throw noSuchSeq();
      result = await change(call, conversation, changes, mark.unread === true ? always : forward);
    }
    if (result.changed === undefined) return render.row(result.standing, call);
    if (isIn(member)) {
      const to = present(known.members).map((other) => other.user_uuid);
      bus.publish({
        type: 'read.updated',
        to,
        body: { message_group_uuid: conversation, user_uuid: call.user, seq },
      });
    }
    announce(call, result.changed);
    return render.row(result.changed, call);
  };

  return { list, setFlags, markRead };
};
