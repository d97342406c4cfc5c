/** What nodes serve and rows show, held against the log as the table has it. */
import type { Message } from '#protocol/shapes';
import type { EntryItem } from '#store/items';
import type { Talker } from './talkers.ts';

const pageLimit = 100;

const walk = async ({ api }: Talker, conversation: string): Promise<Message[]> => {
  const messages: Message[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.messages(conversation, { limit: pageLimit, ...(cursor !== undefined && { cursor }) });
    messages.push(...page.messages);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return messages;
};

/** What a message is apart from its text, in one line: two that differ are two versions. */
const versionOf = (one: {
  seq: number;
  uuid: string;
  rev?: number | undefined;
  edited_at?: string | undefined;
}): string => `${one.seq} ${one.uuid} rev ${one.rev ?? 0} edited ${one.edited_at ?? 'never'}`;

/**
 * What is wrong with the whole conversation as a talker's node serves it, page by page out of its caches; undefined when it is
 * the log: every entry once, in order, in its newest version, with its reactions, readable, and a text that was sent for it.
 */
export const viewFault = async (
  talker: Talker,
  conversation: string,
  log: readonly EntryItem[],
  texts?: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<string | undefined> => {
  const served = await walk(talker, conversation).catch((error: Error) => error);
  if (served instanceof Error) return `${talker.handle} is not served: ${served.message}`;
  served.reverse();
  if (served.length !== log.length) return `${talker.handle} is served ${served.length} of ${log.length} entries`;
  for (const [index, entry] of log.entries()) {
    const message = served[index];
    if (message === undefined) return `${talker.handle} is not served ${entry.seq}`;
    if (versionOf(message) !== versionOf(entry)) {
      return `${talker.handle} is served ${versionOf(message)}, and the table has ${versionOf(entry)}`;
    }
    const reactions = Object.values(message.reactions ?? {}).flat().length;
    if (reactions !== (entry.reactions?.size ?? 0))
      return `${talker.handle} is served ${reactions} reactions of ${entry.seq}`;
    if (message.unreadable !== undefined) return `${talker.handle} cannot read ${entry.seq}: ${message.unreadable}`;
    const sent = texts?.get(entry.uuid);
    if (sent !== undefined && !sent.has(message.message ?? ''))
      return `nobody wrote "${message.message}" at ${entry.seq}`;
  }
  return undefined;
};

/** What is wrong with a talker's row of a conversation whose newest entry is `newest` (INBOX-2, INBOX-5, INBOX-6). */
export const rowFault = (talker: Talker, conversation: string, newest: EntryItem | undefined): string | undefined => {
  const row = talker.session.inbox.row(conversation);
  const shown = talker.timeline(conversation).getSnapshot();
  const last = shown.at(shown.indexOfSeq(newest?.seq ?? 0));
  if (row === undefined || newest === undefined) return `[INBOX-1] ${talker.handle} has no row`;
  if (row.last_seq !== newest.seq)
    return `[INBOX-5] the row of ${talker.handle} shows ${row.last_seq} of ${newest.seq}`;
  if (row.last_message_at !== newest.created_at) return `[INBOX-5] the row of ${talker.handle} has another time`;
  if (row.unread !== row.last_seq - row.read_seq) return `[INBOX-2] ${talker.handle} has ${row.unread} unread`;
  const text = last?.kind === 'message' ? last.message.message : undefined;
  return row.last_message === text
    ? undefined
    : `[INBOX-6] the row of ${talker.handle} shows "${row.last_message}", the entry "${text}"`;
};
