/** The lines of a timeline, from messages. */
import type { Message } from '#protocol/shapes';
import type { Send, TimelineEntry } from './view.ts';

const entryOfMessage = new WeakMap<Message, TimelineEntry>();
/** The same entry for the same message, so that a list's row is not drawn again for nothing. */
export const messageEntry = (message: Message): TimelineEntry => {
  const known = entryOfMessage.get(message);
  if (known !== undefined) return known;
  const entry: TimelineEntry = { kind: 'message', key: message.uuid, message };
  entryOfMessage.set(message, entry);
  return entry;
};

/** A message of mine that is in the log, but behind a gap. */
export const sentBehindGap = (message: Message): Send => ({
  uuid: message.uuid,
  conversation: message.message_group_uuid,
  text: message.message ?? '',
  composedAtMs: Date.parse(message.created_at),
  state: { status: 'sent', seq: message.seq },
});
