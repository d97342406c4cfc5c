/** The sizes that growth is measured at: one conversation that long, and a person with that many conversations. */
import type { ConversationUuid } from '#domain/ids';
import { directUuid } from '#messenger/conversations';
import { makeWorld, type Person } from '../harness/world.ts';
import { userOf } from '../parley/node.ts';

export interface Level {
  /** In the long conversation. */
  readonly messages: number;
  /** Of one of its two people, the long one included. */
  readonly conversations: number;
}

const standardLevels: readonly Level[] = [
  { messages: 1_000, conversations: 100 },
  { messages: 10_000, conversations: 1_000 },
  { messages: 100_000, conversations: 10_000 },
  { messages: 1_000_000, conversations: 100_000 },
];

/** Some 10 GB on disk. */
const largeLevel: Level = { messages: 10_000_000, conversations: 1_000_000 };

export const levelsUpTo = (large: boolean): readonly Level[] =>
  large ? [...standardLevels, largeLevel] : standardLevels;

export const levelName = ({ messages, conversations }: Level): string =>
  `${messages.toLocaleString('en-GB')} messages, ${conversations.toLocaleString('en-GB')} conversations`;

/** The two people of the long conversation, the same at every level; the first has all the other conversations, too. */
export const cast = (): { readonly busy: Person; readonly other: Person; readonly conversation: ConversationUuid } => {
  const [busy, other] = makeWorld({ people: 2, conversationsEach: 0, messagesEach: 0 }).people;
  if (busy === undefined || other === undefined) throw new Error('a world of two has two people');
  return { busy, other, conversation: directUuid(userOf(busy), userOf(other)) };
};
