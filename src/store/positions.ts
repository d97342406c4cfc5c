/** Places in the index that other rooms may name without knowing keys. */
import type { ChangeRecord, QueryPosition } from '#table/port';
import type { InboxRowItem } from './items.ts';
import { blockKey, checkpointPrefix, conversationPartition, inboxPartition, profileSortKey, rowKey } from './keys.ts';

/** Where a page of a user's folder begins: after this row, as it stood. */
export const inboxPosition = (
  user: string,
  folder: 'inbox' | 'archive',
  lastMessageAt: string,
  conversation: string,
): QueryPosition => ({
  ...rowKey(user, conversation),
  inbox: inboxPartition(user, folder),
  last_message_at: lastMessageAt,
});

/** Where a user's list of blocks goes on: after this one. */
export const blockPosition = (user: string, other: string): QueryPosition => ({ ...blockKey(user, other) });

/** Where a user's list of rows, in the order of conversations, goes on: after this one. */
export const rowPosition = (user: string, conversation: string): QueryPosition => ({ ...rowKey(user, conversation) });

/** Where the lists of the directory begin: the first digits of all uuids. */
export const directoryStarts: readonly string[] = [...'0123456789abcdef'];

/** True for a row that stands in its user's archive. */
export const isArchived = (row: InboxRowItem): boolean => row.inbox === inboxPartition(row.user_uuid, 'archive');

/** The attribute that puts a row into a folder. */
export const folderChange = (user: string, folder: 'inbox' | 'archive'): { readonly inbox: string } => ({
  inbox: inboxPartition(user, folder),
});

/** True for a consumer's own note of how far it read: no news to anybody. */
export const isCheckpoint = (record: ChangeRecord): boolean => record.key.pk.startsWith(checkpointPrefix);

const conversations = conversationPartition('');

/** True for a change that inboxes may have to follow: of a conversation's log or of a profile. */
export const isNews = ({ key }: ChangeRecord): boolean => key.pk.startsWith(conversations) || key.sk === profileSortKey;
