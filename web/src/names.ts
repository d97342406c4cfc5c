/** What a conversation and a person are called. */
import type { Conversation, Row } from '#protocol/shapes';

/** A person who erased themselves has no name left. */
const nobody = 'Somebody who left';

export const rowName = (row: Row): string =>
  row.kind === 'group' ? row.title || 'Group' : row.other_user_display_name || nobody;

/** Without a title, a group is called by its people. */
export function conversationName(conversation: Conversation, me: string): string {
  const others = conversation.participants.filter((person) => person.uuid !== me);
  if (conversation.kind === 'direct') return others[0]?.display_name || nobody;
  return conversation.title || others.map((person) => person.display_name).join(', ') || 'Group';
}

export const personName = (name: string): string => name || nobody;
