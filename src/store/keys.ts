/** Partition and sort keys of every item (SPEC, TABLE). A key's format is known here and nowhere else. */
import type { Key } from '#table/port';

const seqDigits = 12;

/** Fixed width, so that the order of sort keys is the order of numbers. */
export const entrySortKey = (seq: number): string => String(seq).padStart(seqDigits, '0');

export const conversationPartition = (conversation: string): string => `MSG#${conversation}`;
export const userPartition = (user: string): string => `USR#${user}`;

export const entryKey = (conversation: string, seq: number): Key => ({
  pk: conversationPartition(conversation),
  sk: entrySortKey(seq),
});

export const rowPrefix = 'GRP#';
export const blockPrefix = 'BLK#';

export const rowKey = (user: string, conversation: string): Key => ({
  pk: userPartition(user),
  sk: rowPrefix + conversation,
});

export const profileSortKey = 'PROFILE';
export const profileKey = (user: string): Key => ({ pk: userPartition(user), sk: profileSortKey });
export const handleKey = (handle: string): Key => ({ pk: `HDL#${handle}`, sk: 'HANDLE' });
export const blockKey = (user: string, other: string): Key => ({ pk: userPartition(user), sk: blockPrefix + other });
export const blockMarkPrefix = 'BBY#';
export const blockMarkKey = (user: string, blocker: string): Key => ({
  pk: userPartition(user),
  sk: blockMarkPrefix + blocker,
});

/** The directory of users is spread over as many partitions as a uuid's first digit has values. */
export const directoryPartition = (shard: string): string => `DIR#${shard}`;
export const directoryKey = (user: string): Key => ({ pk: directoryPartition(user.slice(0, 1)), sk: user });

/** All erasures that are not done stand in one partition: they are few, and whoever starts asks for them all. */
export const erasuresPartition = 'ERS#open';
export const erasureKey = (user: string): Key => ({ pk: erasuresPartition, sk: user });
export const receiptKey = (id: string): Key => ({ pk: `RCP#${id}`, sk: 'RECEIPT' });
/** `month` as in `2026-11`. */
export const auditPartition = (month: string): string => `AUD#${month}`;
export const auditKey = (at: string, id: string): Key => ({ pk: auditPartition(at.slice(0, 7)), sk: `${at}#${id}` });

export const checkpointPrefix = 'CHK#';
export const checkpointKey = (consumer: string, shard: string): Key => ({
  pk: checkpointPrefix + consumer,
  sk: shard,
});

/** The index partition a row is listed under: its user's inbox, or archive. */
export const inboxPartition = (user: string, folder: 'inbox' | 'archive'): string =>
  folder === 'inbox' ? userPartition(user) : `${userPartition(user)}#archive`;
