/** Stored items to views: texts opened, system entries put into words, rows with their unread count. */
import type { Lease, Opened, Place } from '#crypto/port';
import type { ConversationUuid, UserUuid } from '#domain/ids';
import { tombstone } from '#domain/tombstone';
import type { EntryItem, InboxRowItem, MembershipChange, ProfileItem } from '#store/items';
import { isArchived } from '#store/positions';
import type { CallOptions } from '#table/port';
import type { Deps } from './deps.ts';
import type { Profiles } from './profiles.ts';
import { createShown } from './shown.ts';
import type { MessageView, RowView, UserView } from './views.ts';

export const userView = (profile: ProfileItem): UserView => ({
  uuid: profile.uuid,
  handle: profile.handle,
  display_name: profile.display_name,
  created_at: profile.created_at,
});

/** Where an entry's text stands, for its encryption. */
export const placeOf = (conversation: string, seq: number, author: string): Place => ({
  conversation: conversation as ConversationUuid,
  seq,
  author: author as UserUuid,
});

/** `<emoji> <user uuid>` members to lists by emoji, in a stable order. */
const reactionsView = (reactions: ReadonlySet<string>): Record<string, string[]> => {
  const view: Record<string, string[]> = {};
  for (const member of [...reactions].sort()) {
    const space = member.lastIndexOf(' ');
    const emoji = member.slice(0, space);
    const users = view[emoji] ?? [];
    view[emoji] = users;
    users.push(member.slice(space + 1));
  }
  return view;
};

const someone = 'someone';

/** The sentence of a system entry; names are looked up when it is read, so that none is stored in it (USER-5). */
const changeText = (change: MembershipChange, nameOf: (user: string) => string, title: string | undefined): string => {
  if (change.act === 'added') return `added ${nameOf(change.user_uuid)}`;
  if (change.act === 'removed') return `removed ${nameOf(change.user_uuid)}`;
  if (change.act === 'left') return 'left the conversation';
  if (change.act === 'created') return title === undefined ? 'created the group' : `created the group “${title}”`;
  return `named the group “${title ?? ''}”`;
};

const subjectOf = (change: MembershipChange | undefined): string[] =>
  change !== undefined && 'user_uuid' in change && change.user_uuid !== tombstone.user_uuid ? [change.user_uuid] : [];

export interface Render {
  /** The views of a page; of a page that is read again perhaps the very ones of before, so nobody may change them. */
  messages(entries: readonly EntryItem[], call?: CallOptions): Promise<readonly MessageView[]>;
  message(entry: EntryItem, call?: CallOptions): Promise<MessageView>;
  /** The view of an entry whose text is at hand: nothing is opened. */
  written(entry: EntryItem, text: string): MessageView;
  /** As `messages`. */
  rows(rows: readonly InboxRowItem[], call?: CallOptions): Promise<readonly RowView[]>;
  row(row: InboxRowItem, call?: CallOptions): Promise<RowView>;
  /** Somebody's texts are to be forgotten here. */
  forget(): void;
}

export const createRender = ({ sealer, now }: Pick<Deps, 'sealer' | 'now'>, profiles: Profiles): Render => {
  const shownMessages = createShown<EntryItem, MessageView>(now);
  const shownRows = createShown<InboxRowItem, RowView>(now);
  const namesOf = async (changes: readonly (MembershipChange | undefined)[], call?: CallOptions) => {
    const users = changes.flatMap(subjectOf);
    const found = users.length === 0 ? new Map<string, ProfileItem>() : await profiles.many(users, call);
    return (user: string): string =>
      user === tombstone.user_uuid ? tombstone.display_name : (found.get(user)?.display_name ?? someone);
  };

  /** All but the text. Twenty of these make a page: fields are set one by one, since spreading each costs several times that. */
  const frame = (entry: EntryItem): { -readonly [Name in keyof MessageView]: MessageView[Name] } => {
    const { uuid, seq, message_group_uuid, kind, user_uuid, handle, display_name, created_at } = entry;
    const view: ReturnType<typeof frame> = {
      uuid,
      seq,
      message_group_uuid,
      kind,
      user_uuid,
      handle,
      display_name,
      created_at,
    };
    if (entry.edited_at !== undefined) view.edited_at = entry.edited_at;
    if (entry.deleted_at !== undefined) view.deleted_at = entry.deleted_at;
    if (entry.reply_to !== undefined) view.reply_to = entry.reply_to;
    if (entry.reactions !== undefined) view.reactions = reactionsView(entry.reactions);
    if (entry.rev !== undefined) view.rev = entry.rev;
    return view;
  };

  /** Whether a page may be shown again as it is: all of its texts are open, and no name in it was looked up. */
  const isLasting = (opened: readonly Opened[], changes: readonly unknown[]): boolean =>
    changes.every((change) => change === undefined) && opened.every((one) => 'text' in one);

  const messages = async (entries: readonly EntryItem[], call?: CallOptions): Promise<readonly MessageView[]> => {
    const known = shownMessages.of(entries);
    if (known !== undefined) return known;
    const sealed = entries.flatMap((entry) =>
      entry.message === undefined
        ? []
        : [{ place: placeOf(entry.message_group_uuid, entry.seq, entry.user_uuid), sealed: entry.message }],
    );
    const changes = entries.map((entry) => entry.change);
    const leases = new Set<Lease>();
    const [opened, nameOf] = await Promise.all([
      sealed.length === 0 ? [] : sealer.open(sealed, call?.deadline, leases),
      namesOf(changes, call),
    ]);
    let next = 0;
    const views = entries.map((entry) => {
      const view = frame(entry);
      if (entry.change !== undefined) {
        view.message = changeText(entry.change, nameOf, entry.membership?.title);
      } else if (entry.message !== undefined) {
        const result = opened[next++];
        if (result !== undefined && 'text' in result) view.message = result.text;
        else view.unreadable = result?.unreadable ?? 'malformed';
      }
      return view;
    });
    if (isLasting(opened, changes)) shownMessages.keep(entries, views, leases);
    return views;
  };

  const rows = async (items: readonly InboxRowItem[], call?: CallOptions): Promise<readonly RowView[]> => {
    const known = shownRows.of(items);
    if (known !== undefined) return known;
    const sealed = items.flatMap((row) =>
      row.last_message === undefined
        ? []
        : [
            {
              place: placeOf(row.message_group_uuid, row.last_seq, row.last_user_uuid ?? ''),
              sealed: row.last_message,
            },
          ],
    );
    const changes = items.map((row) => row.last_change);
    const leases = new Set<Lease>();
    const [opened, nameOf] = await Promise.all([
      sealed.length === 0 ? [] : sealer.open(sealed, call?.deadline, leases),
      namesOf(changes, call),
    ]);
    let next = 0;
    const views = items.map((row) => {
      let last = '';
      let unreadable: RowView['unreadable'];
      if (row.last_message !== undefined) {
        const result = opened[next++];
        if (result !== undefined && 'text' in result) last = result.text;
        else unreadable = result?.unreadable ?? 'malformed';
      } else if (row.last_change !== undefined) {
        last = changeText(row.last_change, nameOf, row.title);
      }
      const view: { -readonly [Name in keyof RowView]: RowView[Name] } = {
        uuid: row.message_group_uuid,
        kind: row.kind,
        last_message: last,
        last_message_at: row.last_message_at,
        last_seq: row.last_seq,
        read_seq: row.read_seq,
        // A read mark may be ahead of a row that the fan-out has not brought up to date yet.
        unread: Math.max(0, row.last_seq - row.read_seq),
        muted: row.muted,
        archived: isArchived(row),
      };
      if (row.title !== undefined) view.title = row.title;
      if (row.other_user_uuid !== undefined) view.other_user_uuid = row.other_user_uuid;
      if (row.other_user_handle !== undefined) view.other_user_handle = row.other_user_handle;
      if (row.other_user_display_name !== undefined) view.other_user_display_name = row.other_user_display_name;
      if (unreadable !== undefined) view.unreadable = unreadable;
      return view;
    });
    if (isLasting(opened, changes)) shownRows.keep(items, views, leases);
    return views;
  };

  const first = <T>(views: readonly T[]): T => {
    const [view] = views;
    if (view === undefined) throw new Error('one item in, one view out');
    return view;
  };
  return {
    messages,
    message: async (entry, call) => first(await messages([entry], call)),
    written: (entry, text) => {
      const view = frame(entry);
      view.message = text;
      return view;
    },
    rows,
    row: async (row, call) => first(await rows([row], call)),
    forget: () => {
      shownMessages.forget();
      shownRows.forget();
    },
  };
};
