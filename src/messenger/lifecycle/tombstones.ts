/**
 * What takes a person out of stored items (USER-5): pure. Each function gives the changes that put the tombstone in their
 * place, or nothing where the item does not name them.
 */
import { tombstone } from '#domain/tombstone';
import type { ConversationItem, EntryItem, InboxRowItem, Member, MembershipChange } from '#store/items';
import type { RowUpdate } from '#store/patterns';
import type { Changes, Condition, Value } from '#table/port';

type Names = Record<string, Value>;

/** Structured parts of our items are values of the table; only their types do not say so. */
const asValue = (part: object): Value => part as Value;

const isNamed = (members: readonly Member[] | undefined, user: string): boolean =>
  members?.some((member) => member.user_uuid === user) === true;

/** The members with the tombstone in the user's place; of several erased members one tombstone stands. */
export const membersWithout = (members: readonly Member[], user: string): readonly Member[] =>
  isNamed(members, user)
    ? members
        .filter((member) => member.user_uuid !== tombstone.user_uuid)
        .map((member) => (member.user_uuid === user ? { ...member, user_uuid: tombstone.user_uuid } : member))
    : members;

const changeWithout = (change: MembershipChange | undefined, user: string): MembershipChange | undefined =>
  change !== undefined && 'user_uuid' in change && change.user_uuid === user
    ? { ...change, user_uuid: tombstone.user_uuid }
    : undefined;

const reactionsOf = (entry: EntryItem, user: string): string[] =>
  [...(entry.reactions ?? [])].filter((member) => member.endsWith(` ${user}`));

/** What an entry lost: its author's text, or a mention of somebody in another's entry. */
export interface EntryErasure {
  readonly changes: Changes;
  /** Holds of the entry as it was read, so that nothing done to it meanwhile is undone. */
  readonly condition: Condition;
  readonly authored: boolean;
}

/** @param at the time that a text of theirs counts as deleted, ISO 8601. */
export const entryWithout = (entry: EntryItem, user: string, at: string): EntryErasure | undefined => {
  const authored = entry.user_uuid === user;
  const reactions = reactionsOf(entry, user);
  const change = changeWithout(entry.change, user);
  const { membership } = entry;
  const named = isNamed(membership?.members, user);
  if (!authored && reactions.length === 0 && change === undefined && !named) return undefined;
  const text = authored && entry.kind === 'text';
  const set: Names = {
    ...(authored && tombstone),
    ...(text && entry.deleted_at === undefined && { deleted_at: at }),
    ...(change !== undefined && { change: asValue(change) }),
    ...(membership !== undefined &&
      named && { membership: asValue({ ...membership, members: membersWithout(membership.members, user) }) }),
  };
  return {
    authored,
    changes: {
      ...(Object.keys(set).length > 0 && { set }),
      ...(text && { remove: { message: true, preview: true, reactions: true } }),
      ...(!text && reactions.length > 0 && { deleteFrom: { reactions: new Set(reactions) } }),
      add: { rev: 1 },
    },
    condition:
      entry.rev === undefined ? { attribute: 'rev', is: 'absent' } : { attribute: 'rev', is: '=', value: entry.rev },
  };
};

/** Entry 0 without the user; under the condition that its membership is still the one that was read. */
export const conversationWithout = (
  item: ConversationItem,
  user: string,
): { readonly changes: Changes; readonly condition: Condition } | undefined => {
  const named = isNamed(item.members, user);
  if (!named && item.created_by !== user) return undefined;
  const set: Names = {
    ...(item.created_by === user && { created_by: tombstone.user_uuid }),
    ...(named && { members: membersWithout(item.members, user).map(asValue) }),
  };
  return {
    changes: { set },
    condition: {
      all: [
        { attribute: 'members_seq', is: '=', value: item.members_seq },
        // Two erasures at once: the later one reads what the earlier one made.
        { attribute: 'created_by', is: '=', value: item.created_by },
        { attribute: 'members', is: '=', value: item.members.map(asValue) },
      ],
    },
  };
};

/** Another participant's row without the user: as the other person, as the newest author, as whom a change was about. */
export const rowWithout = (row: InboxRowItem, user: string): RowUpdate | undefined => {
  const isOther = row.other_user_uuid === user;
  const isAuthor = row.last_user_uuid === user;
  const change = changeWithout(row.last_change, user);
  if (!isOther && !isAuthor && change === undefined) return undefined;
  return {
    changes: {
      set: {
        ...(isOther && {
          other_user_uuid: tombstone.user_uuid,
          other_user_handle: tombstone.handle,
          other_user_display_name: tombstone.display_name,
        }),
        ...(isAuthor && { last_user_uuid: tombstone.user_uuid }),
        ...(change !== undefined && { last_change: asValue(change) }),
      },
      ...(isAuthor && { remove: { last_message: true } }),
    },
    condition: {
      all: [
        { attribute: 'last_seq', is: '=', value: row.last_seq },
        ...(isOther ? [{ attribute: 'other_user_uuid', is: '=', value: user } as const] : []),
        ...(isAuthor ? [{ attribute: 'last_user_uuid', is: '=', value: user } as const] : []),
      ],
    },
  };
};
