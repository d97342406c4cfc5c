/**
 * All that a user has, decrypted, as JSON Lines (USER-4): a manifest, the profile, blocks, each conversation with what the user
 * may read of it, and an end that counts. One page is in memory at a time, and the next is read when the reader wants it.
 *
 * The order is fixed (blocks and conversations by uuid, messages by seq), and each line carries a cursor: given back, the export
 * goes on after that line, and its end counts the whole.
 */
import { ParleyError } from '#domain/errors';
import type { ConversationUuid } from '#domain/ids';
import { isoTime } from '#domain/time';
import type { InboxRowItem } from '#store/items';
import { blockPosition, isArchived, rowPosition } from '#store/positions';
import type { QueryPosition } from '#table/port';
import type { Deps } from '../deps.ts';
import { asParleyError, noSuchUser } from '../faults.ts';
import type { Call, HistoryRequest } from '../messenger.ts';
import type { Profiles } from '../profiles.ts';
import type { Render } from '../render.ts';
import type { MessageView } from '../views.ts';
import { type ExportPlace, type ExportState, exportCursor, type LineKind, readExportCursor } from './export-cursor.ts';

const format = 'parley-export';
/** Counts the changes of the form of the lines. */
const formatVersion = 1;
const pageLimit = 100;

const nothingYet: ExportState['counts'] = {
  profile: 0,
  block: 0,
  conversation: 0,
  message: 0,
  system: 0,
  unreadable: 0,
};

/** The lines of an export, without their ends; rejects with a ParleyError. */
export type Export = (call: Call, cursor?: string) => AsyncIterable<string>;

export const createExport = (
  { patterns, now }: Pick<Deps, 'patterns' | 'now'>,
  parts: {
    readonly profiles: Profiles;
    readonly render: Render;
    readonly history: (
      call: Call,
      conversation: ConversationUuid,
      request: HistoryRequest,
      ahead: 0,
    ) => Promise<{ readonly messages: readonly MessageView[] }>;
    /** Asked before each page: rejects when the export is not to go on. */
    readonly allowed: (call: Call) => Promise<void>;
  },
): Export => {
  const { profiles, render, history, allowed } = parts;

  /** Counts a line and writes it with the place it leaves off at. */
  const createLines = (state: ExportState) => {
    const counts = { ...state.counts };
    return {
      counts,
      line: (kind: LineKind, place: ExportPlace, body: object, unreadable = false): string => {
        counts[kind] += 1;
        if (unreadable) counts.unreadable += 1;
        return JSON.stringify({ kind, ...body, cursor: exportCursor({ place, counts }) });
      },
    };
  };
  type Lines = ReturnType<typeof createLines>;

  const blocks = async function* (call: Call, lines: Lines, after: string | undefined): AsyncGenerator<string> {
    let start: QueryPosition | undefined = after === undefined ? undefined : blockPosition(call.user, after);
    do {
      await allowed(call);
      const { items, next } = await patterns.listBlocks(call.user, {
        ...call,
        limit: pageLimit,
        ...(start && { start }),
      });
      const known = await profiles.many(
        items.map((block) => block.blocked_user_uuid),
        call,
      );
      for (const { blocked_user_uuid: uuid, created_at } of items) {
        const other = known.get(uuid);
        const names = other && { handle: other.handle, display_name: other.display_name };
        yield lines.line('block', { part: 'blocks', after: uuid }, { block: { uuid, ...names, created_at } });
      }
      start = next;
    } while (start !== undefined);
  };

  const messages = async function* (
    call: Call,
    lines: Lines,
    conversation: ConversationUuid,
    after: number,
  ): AsyncGenerator<string> {
    for (let seq = after; ; ) {
      await allowed(call);
      // The same use case as a page on the screen: what may be read is decided there, and nowhere else.
      const page = await history(call, conversation, { limit: pageLimit, after_seq: seq }, 0);
      for (const message of page.messages) {
        const place: ExportPlace = { part: 'conversations', conversation, seq: message.seq };
        const kind = message.kind === 'system' ? 'system' : 'message';
        yield lines.line(kind, place, { message }, message.unreadable !== undefined);
      }
      const last = page.messages.at(-1);
      if (last === undefined) return;
      seq = last.seq;
    }
  };

  const conversation = async function* (call: Call, lines: Lines, row: InboxRowItem, after: number | undefined) {
    const uuid = row.message_group_uuid as ConversationUuid;
    if (after === undefined) {
      const { last_message: _, ...view } = await render.row(row, call);
      const place: ExportPlace = { part: 'conversations', conversation: uuid, seq: 0 };
      yield lines.line('conversation', place, { conversation: { ...view, archived: isArchived(row) } });
    }
    try {
      yield* messages(call, lines, uuid, after ?? 0);
    } catch (error) {
      // A row whose conversation is gone, or no longer theirs, has nothing more to tell.
      if (!(error instanceof ParleyError && error.code === 'not_found')) throw error;
    }
  };

  const conversations = async function* (call: Call, lines: Lines, from: ExportPlace): AsyncGenerator<string> {
    let start: QueryPosition | undefined;
    if (from.part === 'conversations') {
      const row = await patterns.getInboxRow(call.user, from.conversation, call);
      if (row !== undefined) yield* conversation(call, lines, row, from.seq);
      start = rowPosition(call.user, from.conversation);
    }
    do {
      await allowed(call);
      const page = { ...call, limit: pageLimit, ...(start && { start }) };
      const { items, next } = await patterns.listInboxRows(call.user, page);
      for (const row of items) yield* conversation(call, lines, row, undefined);
      start = next;
    } while (start !== undefined);
  };

  const everything = async function* (call: Call, cursor: string | undefined): AsyncGenerator<string> {
    const from = cursor === undefined ? undefined : readExportCursor(cursor);
    const lines = createLines(from ?? { place: { part: 'profile' }, counts: nothingYet });
    await allowed(call);
    if (from === undefined) {
      const profile = await patterns.getProfile(call.user, { ...call, consistent: true });
      if (profile === undefined) throw noSuchUser();
      yield JSON.stringify({
        kind: 'manifest',
        format,
        version: formatVersion,
        user: call.user,
        exported_at: isoTime(now()),
      });
      const { uuid, handle, display_name, status, created_at } = profile;
      const view = { uuid, handle, display_name, status, created_at };
      yield lines.line('profile', { part: 'profile' }, { profile: view });
    }
    const place = from?.place ?? { part: 'profile' };
    if (place.part !== 'conversations') {
      yield* blocks(call, lines, place.part === 'blocks' ? place.after : undefined);
    }
    yield* conversations(call, lines, place);
    yield JSON.stringify({ kind: 'end', counts: lines.counts });
  };

  return async function* (call, cursor) {
    try {
      yield* everything(call, cursor);
    } catch (error) {
      throw asParleyError(error);
    }
  };
};
