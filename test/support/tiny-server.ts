/**
 * A service of a few hundred lines that keeps the contract's promises on a log in memory: what the client is tested
 * against, where a network between them can fail in every way (faulty-network.ts).
 */

import type { ErrorCode } from '#domain/errors';
import { uuidV7Time } from '#domain/uuid';
import { statusOf } from '#protocol/problem';
import type { Conversation, Message, Row } from '#protocol/shapes';

type Stored = Message & { rev?: number };

interface Room {
  readonly uuid: string;
  readonly members: readonly string[];
  readonly entries: Stored[];
  readonly marks: Map<string, { read_seq: number; muted: boolean; archived: boolean }>;
}

export interface TinyRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly body: unknown;
  readonly user: string;
}

export interface TinyAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TinyServer {
  handle(request: TinyRequest): TinyAnswer;
  /** Calls `push` with every event for the user until the returned function is called. */
  listen(user: string, push: (name: string, data: unknown) => void): () => void;
  open(uuid: string, members: readonly string[]): void;
  /** The log as it is, oldest first. */
  log(uuid: string): readonly Message[];
  row(uuid: string, user: string): Row;
  /** Every request that was handled, as `METHOD path`. */
  readonly handled: string[];
  /** Answers the next requests that match with this instead of handling them. */
  refuse(match: (request: TinyRequest) => boolean, answer: TinyAnswer, times?: number): void;
}

export const problem = (code: ErrorCode, extra: object = {}): TinyAnswer => ({
  status: statusOf[code],
  body: { type: 'about:blank', title: code, status: statusOf[code], detail: code, code, ...extra },
});

/** @param countsRevisions whether messages carry `rev`. */
export const createTinyServer = (now: () => number, countsRevisions: boolean): TinyServer => {
  const rooms = new Map<string, Room>();
  const listeners = new Map<string, Set<(name: string, data: unknown) => void>>();
  const handled: string[] = [];
  const refusals: { match: (request: TinyRequest) => boolean; answer: TinyAnswer; times: number }[] = [];
  const iso = (ms: number): string => new Date(ms).toISOString();

  const publish = (users: readonly string[], name: string, data: unknown): void => {
    for (const user of users) for (const push of listeners.get(user) ?? []) push(name, structuredClone(data));
  };

  const markOf = (room: Room, user: string) => {
    const mark = room.marks.get(user) ?? { read_seq: 0, muted: false, archived: false };
    room.marks.set(user, mark);
    return mark;
  };

  const rowOf = (room: Room, user: string): Row => {
    const last = room.entries.at(-1);
    const mark = markOf(room, user);
    const last_seq = room.entries.length;
    return {
      uuid: room.uuid,
      kind: 'group',
      last_message: last?.message ?? '',
      last_message_at: last?.created_at ?? iso(0),
      last_seq,
      ...mark,
      unread: Math.max(0, last_seq - mark.read_seq),
    };
  };

  const publishRows = (room: Room): void => {
    for (const user of room.members) publish([user], 'conversation.updated', rowOf(room, user));
  };

  const send = (room: Room, user: string, body: { uuid: string; message: string; reply_to?: number }): TinyAnswer => {
    const same = room.entries.find((entry) => entry.uuid === body.uuid);
    const time = uuidV7Time(body.uuid);
    if (time > now() + 300_000) return problem('clock_ahead', { server_time: iso(now()) });
    if (time < now() - 86_400_000) return problem('uuid_expired', { server_time: iso(now()) });
    if (same !== undefined) return { status: 200, body: same, headers: { 'idempotent-replayed': 'true' } };
    const entry: Stored = {
      uuid: body.uuid,
      seq: room.entries.length + 1,
      message_group_uuid: room.uuid,
      kind: 'text',
      user_uuid: user,
      handle: 'somebody',
      display_name: 'Somebody',
      message: body.message,
      created_at: iso(Math.max(now(), Date.parse(room.entries.at(-1)?.created_at ?? iso(0)) + 1)),
      ...(body.reply_to === undefined ? {} : { reply_to: body.reply_to }),
    };
    room.entries.push(entry);
    markOf(room, user).read_seq = entry.seq;
    for (const member of room.members) markOf(room, member).archived = false;
    publish(room.members, 'message.created', entry);
    publishRows(room);
    return { status: 201, body: entry };
  };

  const revise = (room: Room, seq: number, change: (entry: Stored) => Stored): TinyAnswer => {
    const entry = room.entries[seq - 1];
    if (entry === undefined) return problem('not_found');
    if (entry.deleted_at !== undefined) return problem('message_deleted');
    const next = { ...change(entry), ...(countsRevisions ? { rev: (entry.rev ?? 0) + 1 } : {}) };
    room.entries[seq - 1] = next;
    publish(room.members, 'message.updated', next);
    if (seq === room.entries.length) publishRows(room);
    return { status: 200, body: next };
  };

  const react = (entry: Stored, emoji: string, user: string, on: boolean): Stored => {
    const others = (entry.reactions?.[emoji] ?? []).filter((one) => one !== user);
    const { [emoji]: _, ...rest } = entry.reactions ?? {};
    // In the service's own order, which is the same whoever came first.
    const users = on ? [...others, user].sort() : others;
    const reactions = users.length === 0 ? rest : { ...rest, [emoji]: users };
    const { reactions: __, ...bare } = entry;
    return Object.keys(reactions).length === 0 ? bare : { ...bare, reactions };
  };

  /** `cursor` is `<before or after>:<seq>`. */
  const messages = (room: Room, query: URLSearchParams): TinyAnswer => {
    const limit = Number(query.get('limit') ?? 20);
    const [direction, from] = (query.get('cursor') ?? '').split(':');
    const after = query.get('after_seq') ?? (direction === 'after' ? from : undefined);
    if (after !== undefined && after !== null) {
      const page = room.entries.slice(Number(after), Number(after) + limit);
      const end = Number(after) + page.length;
      const more = end < room.entries.length ? { cursor: `after:${end}` } : {};
      return { status: 200, body: { messages: page, ...more } };
    }
    const at = query.get('at');
    const upTo = at === null ? room.entries.length : room.entries.filter((entry) => entry.created_at <= at).length;
    const before = Number(query.get('before_seq') ?? (direction === 'before' ? from : upTo + 1));
    const end = Math.min(before - 1, room.entries.length);
    const page = room.entries.slice(Math.max(0, end - limit), end).reverse();
    const more = end > limit ? { cursor: `before:${end - limit + 1}` } : {};
    return { status: 200, body: { messages: page, ...more } };
  };

  const conversations = (user: string, query: URLSearchParams): TinyAnswer => {
    const limit = Number(query.get('limit') ?? 20);
    const begin = Number(query.get('cursor') ?? 0);
    const isArchive = query.get('folder') === 'archive';
    const rows = [...rooms.values()]
      .filter((room) => room.members.includes(user))
      .map((room) => rowOf(room, user))
      .filter((row) => row.archived === isArchive)
      .sort((a, b) =>
        a.last_message_at < b.last_message_at
          ? 1
          : a.last_message_at > b.last_message_at
            ? -1
            : a.uuid > b.uuid
              ? -1
              : 1,
      );
    const end = begin + limit;
    const more = end < rows.length ? { cursor: String(end) } : {};
    return { status: 200, body: { conversations: rows.slice(begin, end), ...more } };
  };

  const setMarks = (room: Room, user: string, change: Partial<Row>): TinyAnswer => {
    Object.assign(markOf(room, user), change);
    const row = rowOf(room, user);
    publish([user], 'conversation.updated', row);
    return { status: 200, body: row };
  };

  const inRoom = (room: Room, request: TinyRequest, path: readonly string[], query: URLSearchParams): TinyAnswer => {
    const { user, method } = request;
    const [what, seqText, , emoji] = path;
    const body = request.body as Record<string, never>;
    const seq = Number(seqText);
    if (what === undefined && method === 'PATCH') return setMarks(room, user, body);
    if (what === undefined) {
      const participants = room.members.map((uuid) => ({
        uuid,
        handle: 'somebody',
        display_name: 'Somebody',
        read_seq: markOf(room, uuid).read_seq,
      }));
      const answer: Conversation = {
        uuid: room.uuid,
        kind: 'group',
        created_by: user,
        created_at: iso(0),
        participants,
      };
      return { status: 200, body: answer };
    }
    if (what === 'typing') {
      publish(
        room.members.filter((one) => one !== user),
        'typing',
        { message_group_uuid: room.uuid, user_uuid: user },
      );
      return { status: 202 };
    }
    if (what === 'read') {
      const mark = markOf(room, user);
      const read_seq = body.unread === true ? Number(body.seq) : Math.max(mark.read_seq, Number(body.seq));
      publish(room.members, 'read.updated', { message_group_uuid: room.uuid, user_uuid: user, seq: read_seq });
      return setMarks(room, user, { read_seq });
    }
    if (seqText === undefined) return method === 'POST' ? send(room, user, body as never) : messages(room, query);
    if (emoji !== undefined) {
      return revise(room, seq, (entry) => react(entry, decodeURIComponent(emoji), user, method === 'PUT'));
    }
    if (room.entries[seq - 1]?.user_uuid !== user) return problem('not_author');
    if (method === 'PATCH') {
      return revise(room, seq, (entry) => ({ ...entry, message: String(body.message), edited_at: iso(now()) }));
    }
    return revise(room, seq, (entry) => {
      const { message: _, reactions: __, ...rest } = entry;
      return { ...rest, deleted_at: iso(now()) };
    });
  };

  return {
    handled,
    handle: (request) => {
      const url = new URL(request.url, 'http://tiny');
      handled.push(`${request.method} ${url.pathname}${url.search}`);
      const refusal = refusals.find((one) => one.times > 0 && one.match(request));
      if (refusal !== undefined) {
        refusal.times -= 1;
        return refusal.answer;
      }
      const [, , first, uuid, ...path] = url.pathname.split('/');
      if (first === 'conversations' && uuid === undefined) return conversations(request.user, url.searchParams);
      const room = rooms.get(uuid ?? '');
      if (room === undefined || !room.members.includes(request.user)) return problem('not_found');
      return structuredClone(inRoom(room, request, path, url.searchParams));
    },
    listen: (user, push) => {
      const all = listeners.get(user) ?? new Set();
      listeners.set(user, all.add(push));
      return () => {
        all.delete(push);
      };
    },
    open: (uuid, members) => {
      rooms.set(uuid, { uuid, members, entries: [], marks: new Map() });
    },
    log: (uuid) => rooms.get(uuid)?.entries ?? [],
    row: (uuid, user) => {
      const room = rooms.get(uuid);
      if (room === undefined) throw new Error(`no conversation ${uuid}`);
      return rowOf(room, user);
    },
    refuse: (match, answer, times = 1) => {
      refusals.push({ match, answer, times });
    },
  };
};
