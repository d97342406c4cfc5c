/** What a conversation and a person are called. */
import type { Conversation, Participant, Row } from '#protocol/shapes';
import { formatNumber } from './format.ts';

/** A person who erased themselves has no name left. */
const nobody = 'Somebody who left';

/** A row does not know the people of a group, and it has the same name wherever it stands. */
const untitled = 'Group';

export const rowName = (row: Row): string =>
  row.kind === 'group' ? row.title || untitled : row.other_user_display_name || nobody;

const othersOf = (conversation: Conversation, me: string): readonly Participant[] =>
  conversation.participants.filter((person) => person.uuid !== me);

export const conversationName = (conversation: Conversation, me: string): string =>
  conversation.kind === 'group'
    ? conversation.title || untitled
    : othersOf(conversation, me)[0]?.display_name || nobody;

/** What a name leaves open: the other's handle, how many are in a group, or who, where it has no title. */
export function conversationDetail(conversation: Conversation, me: string): string {
  const others = othersOf(conversation, me);
  if (conversation.kind === 'direct') return others[0]?.handle ? `@${others[0].handle}` : '';
  if (conversation.title) return `${formatNumber(conversation.participants.length)} people`;
  return others.map((person) => personName(person.display_name)).join(', ');
}

export const personName = (name: string): string => name || nobody;
