/** What the Lens looks at: the uses of patterns as they happen, and a conversation's items as they stand in the table. */
import type { Messenger } from '#messenger/messenger';
import type { Patterns } from '#store/patterns';
import type { LensSource } from './routes/lens.ts';

/** The newest items of a conversation that the Lens shows. */
const itemsMax = 50;

export const createLensSource = (messenger: Messenger, patterns: Patterns, onUse: LensSource['onUse']): LensSource => ({
  onUse,
  items: async (call, conversation) => {
    // The history decides what this user may see at all: who was removed sees no item written later, sealed or not.
    const { messages } = await messenger.history(call, conversation, { limit: itemsMax });
    const readable = new Set(messages.map((message) => message.seq));
    const below = (messages[0]?.seq ?? 0) + 1;
    const { items } = await patterns.readTail(conversation, below, itemsMax, call);
    const shown = items.filter((item) => item.type === 'conversation' || readable.has(item.seq));
    return shown as readonly object[] as readonly Readonly<Record<string, unknown>>[];
  },
});
