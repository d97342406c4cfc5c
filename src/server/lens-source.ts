/** What the Lens looks at: the uses of patterns as they happen, and a conversation's items as they stand in the table. */
import type { Messenger } from '#messenger/messenger';
import type { Patterns } from '#store/patterns';
import type { LensSource } from './routes/lens.ts';

/** The newest items of a conversation that the Lens shows. */
const itemsMax = 50;
/** Participants whose inbox rows it shows beside them: more would be a drawing of nothing but rows. */
const rowsMax = 10;

/**
 * @param unwatched use cases and patterns whose uses nobody is told of: what the Lens itself reads, after every write, is no
 * part of what it looks at.
 */
export const createLensSource = (
  { messenger, patterns }: { readonly messenger: Messenger; readonly patterns: Patterns },
  onUse: LensSource['onUse'],
): LensSource => ({
  onUse,
  items: async (call, conversation) => {
    // The history decides what this user may see at all: who was removed sees no item written later, sealed or not.
    const { messages } = await messenger.history(call, conversation, { limit: itemsMax });
    const readable = new Set(messages.map((message) => message.seq));
    const below = (messages[0]?.seq ?? 0) + 1;
    const { items } = await patterns.readTail(conversation, below, itemsMax, call);
    const { participants } = await messenger.conversation(call, conversation);
    const isIn = participants.some((participant) => participant.uuid === call.user);
    // Entry 0 and the others' rows stand there as of now: they tell who is in it and how it goes on.
    const log = items.filter((item) => (item.type === 'conversation' ? isIn : readable.has(item.seq)));
    const users = isIn ? participants.slice(0, rowsMax).map((participant) => participant.uuid) : [call.user];
    const rows = await patterns.getInboxRows(users, conversation, call);
    return [...log, ...rows] as readonly object[] as readonly Readonly<Record<string, unknown>>[];
  },
});
