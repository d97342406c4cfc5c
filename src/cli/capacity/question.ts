/** What one asks of the model, and the units that our access patterns answer it with. */
import { shardParallelismDefault, tableUnitsQuota } from './limits.ts';
import { conversationsKeptPerPerson, messageBytesMean } from './workload.ts';

export interface Question {
  /** People who use it on a day. */
  readonly users: number;
  /** Messages each of them sends on a day. */
  readonly messagesPerDay: number;
  /** People in a conversation, on average; 2 where all are direct. */
  readonly groupSize: number;
  /** Pages of 20 and inboxes of 20 that each user opens on a day, and how many of the pages no cache answers. */
  readonly pagesPerDay: number;
  readonly inboxesPerDay: number;
  readonly uncachedShare: number;
  /** Times a day that a user reads something new: one mark each. */
  readonly readMarksPerDay: number;
  /** How long messages are kept. */
  readonly retentionDays: number;
  /** Messages of one conversation that reach the fan-out in one batch, on average: they cost one update between them. */
  readonly messagesPerBatch: number;
  /** Batches of a shard handled at once, 1–10. */
  readonly shardParallelism: number;
  /** The account's quota for this table and for its index, units a second. */
  readonly unitsQuota: number;
  /** What happens to a row whose update DynamoDB refuses: the batch waits for it, or it is set aside and tried apart. */
  readonly refusedRows: 'in-place' | 'set-aside';
  /** A table made today, without a peak of yesterday to be warm from. */
  readonly newTable: boolean;
  readonly seed: number;
}

export const defaults: Question = {
  users: 1_000_000,
  messagesPerDay: 40,
  groupSize: 2,
  pagesPerDay: 30,
  inboxesPerDay: 20,
  uncachedShare: 1,
  readMarksPerDay: 30,
  retentionDays: 365,
  messagesPerBatch: 1,
  shardParallelism: shardParallelismDefault,
  unitsQuota: tableUnitsQuota,
  refusedRows: 'in-place',
  newTable: false,
  seed: 1,
};

/** Stored bytes of a message besides its text: names, keys and the envelope of encryption, as this version writes them. */
const messageEnvelopeBytes = 357;
/** Stored bytes of a message whose text has so many; it is sealed, and in base64. */
const itemBytesOf = (textBytes: number): number => messageEnvelopeBytes + Math.round((textBytes * 4) / 3);
/** Of the mean text: some 500. */
export const messageItemBytes = itemBytesOf(messageBytesMean());
/** Write units of one entry: 1 below 1 KB, which a text of 500 bytes reaches. */
export const entryUnits = (textBytes: number): number => Math.ceil(itemBytesOf(textBytes) / 1_024);
/** Stored bytes of a direct conversation's inbox row; the index holds them again. */
export const rowItemBytes = 712;

const pageItems = 20;

/** Read units of an eventually consistent query: half a unit for each 4 KB or part of it. */
const queryUnits = (bytes: number): number => Math.ceil(bytes / 4_096) / 2;

/** Units per act (SPEC, COST): writes of items below 1 KB, and pages as large as their twenty items are. */
export const units = {
  append: { table: 1 },
  updateRow: { table: 1, index: 2 },
  markRead: { table: 1, index: 1 },
  page: { read: queryUnits(pageItems * messageItemBytes) },
  inbox: { read: queryUnits(pageItems * rowItemBytes) },
} as const;

/** Inbox rows kept: one per person and conversation. */
export const rowsKept = (question: Question): number => question.users * conversationsKeptPerPerson;

/** Messages kept when the oldest go as fast as new ones come. */
export const messagesKept = (question: Question): number =>
  question.users * question.messagesPerDay * question.retentionDays;

/** Bytes kept, of the table and of its index: a message each, and a row per participant and conversation in both. */
export const bytesKept = (question: Question): { readonly table: number; readonly index: number } => {
  const index = rowsKept(question) * rowItemBytes;
  return { table: messagesKept(question) * messageItemBytes + index, index };
};
