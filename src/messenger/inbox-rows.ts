/** Making sure that a participant has a row for a conversation: idempotent, from whoever comes first. */
import { isIn } from '#domain/membership';
import { tombstone } from '#domain/tombstone';
import type { ConversationItem, InboxRowItem, ProfileItem } from '#store/items';
import type { Patterns } from '#store/patterns';
import { folderChange } from '#store/positions';
import { isConditionFailed } from '#table/errors';
import type { CallOptions, Condition } from '#table/port';
import { memberOf } from './memberships.ts';
import { isGone } from './profiles.ts';

/** What a row of the tombstone's neighbour says. */
export const otherIsGone = {
  other_user_uuid: tombstone.user_uuid,
  other_user_display_name: tombstone.display_name,
  other_user_handle: tombstone.handle,
} as const;

const otherNames = (other: ProfileItem) =>
  isGone(other)
    ? otherIsGone
    : {
        other_user_uuid: other.uuid,
        other_user_display_name: other.display_name,
        other_user_handle: other.handle,
        other_user_rev: other.name_rev ?? 0,
      };

/** Sets the other person's name on a row that shows an older one, or the tombstone's once they are gone, if there is such a row and it is about them. */
export const nameOther = async (
  patterns: Patterns,
  user: string,
  conversation: string,
  other: ProfileItem,
  call?: CallOptions,
): Promise<InboxRowItem | undefined> => {
  try {
    const older: Condition = {
      any: [
        { attribute: 'other_user_rev', is: 'absent' },
        { attribute: 'other_user_rev', is: '<', value: other.name_rev ?? 0 },
      ],
    };
    const about: Condition = { attribute: 'other_user_uuid', is: '=', value: other.uuid };
    // However often and late it is written, a row never goes back to an older name; the tombstone is nobody's older name.
    const condition: Condition = isGone(other) ? about : { all: [about, older] };
    return await patterns.changeInboxRow(user, conversation, { changes: { set: otherNames(other) }, condition }, call);
  } catch (error) {
    if (isConditionFailed(error)) return undefined;
    throw error;
  }
};

/**
 * Creates the user's row unless it exists. `listed`: it is shown in the inbox from the start; a direct conversation is not
 * shown to the one who did not start it before the first message comes (the row is then in no index). Resolves with the row if
 * this call made it.
 */
export const ensureRow = async (
  patterns: Patterns,
  user: string,
  conversation: ConversationItem,
  listed: boolean,
  call?: CallOptions,
): Promise<InboxRowItem | undefined> => {
  const other =
    conversation.kind === 'direct'
      ? conversation.members.find((member) => member.user_uuid !== user)?.user_uuid
      : undefined;
  const consistent = { ...call, consistent: true };
  const profile = other === undefined ? undefined : await patterns.getProfile(other, consistent);
  const member = memberOf(conversation, user);
  const from = member?.spans.at(-1)?.from ?? 0;
  const row: InboxRowItem = {
    type: 'inbox_row',
    user_uuid: user,
    message_group_uuid: conversation.uuid,
    kind: conversation.kind,
    ...(listed && isIn(member) && folderChange(user, 'inbox')),
    ...(conversation.title !== undefined && { title: conversation.title }),
    ...(other === tombstone.user_uuid ? otherIsGone : other !== undefined && { other_user_uuid: other }),
    ...(profile !== undefined && otherNames(profile)),
    last_message_at: conversation.created_at,
    last_seq: Math.max(0, from - 1),
    last_rev: 0,
    // Who joins later has nothing to read up on: the unread count begins with their joining.
    read_seq: Math.max(0, from - 1),
    muted: false,
  };
  try {
    await patterns.createInboxRow(row, call);
  } catch (error) {
    if (!isConditionFailed(error)) throw error;
    // It may stand there from before the other one was erased, by a call that ended between its two steps.
    if (profile !== undefined && isGone(profile)) await nameOther(patterns, user, conversation.uuid, profile, call);
    return undefined;
  }
  if (other === undefined) return row;
  // A rename between the reading of the name and the row's creation would have found no row to change: look once more.
  const now = await patterns.getProfile(other, consistent);
  const same = now?.display_name === profile?.display_name && now?.handle === profile?.handle;
  if (now !== undefined && (!same || isGone(now) !== isGone(profile))) {
    return (await nameOther(patterns, user, conversation.uuid, now, call)) ?? row;
  }
  return row;
};
