/** Making sure that a participant has a row for a conversation: idempotent, from whoever comes first. */
import { isIn } from '#domain/membership';
import type { ConversationItem, InboxRowItem, ProfileItem } from '#store/items';
import type { Patterns } from '#store/patterns';
import { folderChange } from '#store/positions';
import { isConditionFailed } from '#table/errors';
import type { CallOptions } from '#table/port';
import { memberOf } from './memberships.ts';

const otherNames = (other: ProfileItem) => ({
  other_user_display_name: other.display_name,
  other_user_handle: other.handle,
});

/** Sets the other person's name on a row, if there is such a row and it is about them. */
export const nameOther = async (
  patterns: Patterns,
  user: string,
  conversation: string,
  other: ProfileItem,
  call?: CallOptions,
): Promise<InboxRowItem | undefined> => {
  try {
    const condition = { attribute: 'other_user_uuid', is: '=', value: other.uuid } as const;
    return await patterns.changeInboxRow(user, conversation, { changes: { set: otherNames(other) }, condition }, call);
  } catch (error) {
    if (isConditionFailed(error)) return undefined;
    throw error;
  }
};

/**
 * Creates the user's row unless it exists. `listed`: it is shown in the inbox from the start; a direct conversation is not
 * shown to the one who did not start it before the first message comes (the row is then in no index).
 */
export const ensureRow = async (
  patterns: Patterns,
  user: string,
  conversation: ConversationItem,
  listed: boolean,
  call?: CallOptions,
): Promise<void> => {
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
    ...(other !== undefined && { other_user_uuid: other }),
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
    if (isConditionFailed(error)) return;
    throw error;
  }
  if (other === undefined) return;
  // A rename between the reading of the name and the row's creation would have found no row to change: look once more.
  const now = await patterns.getProfile(other, consistent);
  if (now !== undefined && (now.display_name !== profile?.display_name || now.handle !== profile.handle)) {
    await nameOther(patterns, user, conversation.uuid, now, call);
  }
};
