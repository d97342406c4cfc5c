/**
 * Every access pattern by name (TABLE-2): the operation, the index, the key condition, the items, who may use it, and what
 * it costs. The functions of `patterns.ts` have these names, one each; rights in the cloud are generated from this list, so
 * that a pattern not listed is a right not granted.
 */
import type { StoredItem } from './items.ts';

/** Which process uses a pattern: the API service, the fan-out behind the stream, an operator's or life-cycle job. */
export type Role = 'service' | 'fanout' | 'lifecycle';

export interface PatternDescription {
  /** The letter of the four patterns the system exists for. */
  readonly letter?: 'A' | 'B' | 'C' | 'D';
  readonly operation: 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchWriteItem';
  readonly index?: 'inbox';
  readonly key: string;
  readonly items: readonly StoredItem['type'][];
  readonly roles: readonly Role[];
  /** Units for items of up to 1 KB (400 B for messages in pages); the tests hold each to it. */
  readonly cost: string;
}

export const catalog = {
  createConversation: {
    operation: 'PutItem',
    key: 'pk = MSG#conversation, sk = 000000000000, if absent',
    items: ['conversation'],
    roles: ['service'],
    cost: '1 write',
  },
  getConversation: {
    operation: 'GetItem',
    key: 'pk = MSG#conversation, sk = 000000000000',
    items: ['conversation'],
    roles: ['service', 'fanout', 'lifecycle'],
    cost: '1 read (consistent)',
  },
  projectMembership: {
    operation: 'UpdateItem',
    key: 'pk = MSG#conversation, sk = 000000000000, if members_seq < n',
    items: ['conversation'],
    roles: ['service', 'fanout', 'lifecycle'],
    cost: '1 write',
  },
  reviseConversation: {
    operation: 'UpdateItem',
    key: 'pk = MSG#conversation, sk = 000000000000, if present and as it was read',
    items: ['conversation'],
    roles: ['lifecycle'],
    cost: '1 write',
  },
  appendEntry: {
    letter: 'C',
    operation: 'PutItem',
    key: 'pk = MSG#conversation, sk = n, if absent',
    items: ['message'],
    roles: ['service', 'lifecycle'],
    cost: '1 write',
  },
  readTail: {
    operation: 'Query',
    key: 'pk = MSG#conversation, sk < n, newest first',
    items: ['message', 'conversation'],
    roles: ['service', 'lifecycle'],
    cost: '1 read per 4 KB (consistent)',
  },
  readEntriesAfter: {
    operation: 'Query',
    key: 'pk = MSG#conversation, sk > n, oldest first',
    items: ['message'],
    roles: ['service', 'lifecycle'],
    cost: '1 read per 4 KB (consistent)',
  },
  listMessages: {
    letter: 'A',
    operation: 'Query',
    key: 'pk = MSG#conversation, sk between a and b, newest first',
    items: ['message'],
    roles: ['service'],
    cost: '1 read for 20 (eventual), 2 (consistent)',
  },
  getEntry: {
    operation: 'GetItem',
    key: 'pk = MSG#conversation, sk = n',
    items: ['message'],
    roles: ['service', 'fanout', 'lifecycle'],
    cost: '1 read (consistent)',
  },
  reviseEntry: {
    operation: 'UpdateItem',
    key: 'pk = MSG#conversation, sk = n, if present and by the author',
    items: ['message'],
    roles: ['service', 'lifecycle'],
    cost: '1 write',
  },
  listConversations: {
    letter: 'B',
    operation: 'Query',
    index: 'inbox',
    key: 'inbox = USR#user, newest first',
    items: ['inbox_row'],
    roles: ['service'],
    cost: '1 read for 20',
  },
  updateMessageGroup: {
    letter: 'D',
    operation: 'UpdateItem',
    key: 'pk = USR#user, sk = GRP#conversation, if last_seq < n',
    items: ['inbox_row'],
    roles: ['fanout'],
    cost: '3 writes (row 1, index 2)',
  },
  createInboxRow: {
    operation: 'PutItem',
    key: 'pk = USR#user, sk = GRP#conversation, if absent',
    items: ['inbox_row'],
    roles: ['fanout', 'service'],
    cost: '2 writes (row 1, index 1)',
  },
  getInboxRow: {
    operation: 'GetItem',
    key: 'pk = USR#user, sk = GRP#conversation',
    items: ['inbox_row'],
    roles: ['service', 'fanout', 'lifecycle'],
    cost: '0.5 read',
  },
  getInboxRows: {
    operation: 'BatchGetItem',
    key: 'pk = USR#user, sk = GRP#conversation, for each participant',
    items: ['inbox_row'],
    roles: ['service', 'lifecycle'],
    cost: '0.5 read each',
  },
  listInboxRows: {
    operation: 'Query',
    key: 'pk = USR#user, sk begins with GRP#',
    items: ['inbox_row'],
    roles: ['fanout', 'lifecycle'],
    cost: '1 read per 8 KB',
  },
  changeInboxRow: {
    operation: 'UpdateItem',
    key: 'pk = USR#user, sk = GRP#conversation, if present',
    items: ['inbox_row'],
    roles: ['service', 'fanout', 'lifecycle'],
    cost: '2 writes (row 1, index 1)',
  },
  deleteInboxRow: {
    operation: 'DeleteItem',
    key: 'pk = USR#user, sk = GRP#conversation',
    items: ['inbox_row'],
    roles: ['fanout', 'lifecycle'],
    cost: '2 writes (row 1, index 1)',
  },
  deleteUserItems: {
    operation: 'BatchWriteItem',
    key: 'pk = USR#user, sk = BLK#other or BBY#blocker, each',
    items: ['block', 'block_mark'],
    roles: ['lifecycle'],
    cost: '1 write each',
  },
  createProfile: {
    operation: 'PutItem',
    key: 'pk = USR#user, sk = PROFILE, if absent',
    items: ['profile'],
    roles: ['service'],
    cost: '1 write',
  },
  getProfile: {
    operation: 'GetItem',
    key: 'pk = USR#user, sk = PROFILE',
    items: ['profile'],
    roles: ['service', 'fanout', 'lifecycle'],
    cost: '0.5 read',
  },
  getProfiles: {
    operation: 'BatchGetItem',
    key: 'pk = USR#user, sk = PROFILE, for each user',
    items: ['profile'],
    roles: ['service', 'lifecycle'],
    cost: '0.5 read each',
  },
  changeProfile: {
    operation: 'UpdateItem',
    key: 'pk = USR#user, sk = PROFILE, if present',
    items: ['profile'],
    roles: ['service', 'lifecycle'],
    cost: '1 write',
  },
  claimHandle: {
    operation: 'PutItem',
    key: 'pk = HDL#handle, sk = HANDLE, if absent or mine',
    items: ['handle'],
    roles: ['service'],
    cost: '1 write',
  },
  getHandle: {
    operation: 'GetItem',
    key: 'pk = HDL#handle, sk = HANDLE',
    items: ['handle'],
    roles: ['service', 'lifecycle'],
    cost: '0.5 read',
  },
  releaseHandle: {
    operation: 'DeleteItem',
    key: 'pk = HDL#handle, sk = HANDLE, if mine',
    items: ['handle'],
    roles: ['service', 'lifecycle'],
    cost: '1 write',
  },
  putBlock: {
    operation: 'PutItem',
    key: 'pk = USR#user, sk = BLK#other',
    items: ['block'],
    roles: ['service'],
    cost: '1 write',
  },
  deleteBlock: {
    operation: 'DeleteItem',
    key: 'pk = USR#user, sk = BLK#other',
    items: ['block'],
    roles: ['service', 'lifecycle'],
    cost: '1 write',
  },
  getBlock: {
    operation: 'GetItem',
    key: 'pk = USR#user, sk = BLK#other',
    items: ['block'],
    roles: ['service'],
    cost: '0.5 read',
  },
  listBlocks: {
    operation: 'Query',
    key: 'pk = USR#user, sk begins with BLK#',
    items: ['block'],
    roles: ['service', 'lifecycle'],
    cost: '0.5 read',
  },
  putBlockMark: {
    operation: 'PutItem',
    key: 'pk = USR#user, sk = BBY#blocker',
    items: ['block_mark'],
    roles: ['service'],
    cost: '1 write',
  },
  deleteBlockMark: {
    operation: 'DeleteItem',
    key: 'pk = USR#user, sk = BBY#blocker',
    items: ['block_mark'],
    roles: ['service', 'lifecycle'],
    cost: '1 write',
  },
  listBlockMarks: {
    operation: 'Query',
    key: 'pk = USR#user, sk begins with BBY#',
    items: ['block_mark'],
    roles: ['lifecycle'],
    cost: '1 read (consistent)',
  },
  putDirectoryEntry: {
    operation: 'PutItem',
    key: 'pk = DIR#digit, sk = user',
    items: ['directory'],
    roles: ['service'],
    cost: '1 write',
  },
  listDirectory: {
    operation: 'Query',
    key: 'pk = DIR#digit, sk > user',
    items: ['directory'],
    roles: ['lifecycle'],
    cost: '0.5 read per 4 KB',
  },
  deleteDirectoryEntry: {
    operation: 'DeleteItem',
    key: 'pk = DIR#digit, sk = user',
    items: ['directory'],
    roles: ['lifecycle'],
    cost: '1 write',
  },
  createErasure: {
    operation: 'PutItem',
    key: 'pk = ERS#open, sk = user, if absent',
    items: ['erasure'],
    roles: ['service', 'fanout', 'lifecycle'],
    cost: '1 write',
  },
  listErasures: {
    operation: 'Query',
    key: 'pk = ERS#open',
    items: ['erasure'],
    roles: ['service', 'lifecycle'],
    cost: '1 read (consistent)',
  },
  changeErasure: {
    operation: 'UpdateItem',
    key: 'pk = ERS#open, sk = user, if present and leased to whom asks',
    items: ['erasure'],
    roles: ['lifecycle'],
    cost: '1 write',
  },
  finishErasure: {
    operation: 'DeleteItem',
    key: 'pk = ERS#open, sk = user, if leased to whom asks',
    items: ['erasure'],
    roles: ['lifecycle'],
    cost: '1 write',
  },
  putReceipt: {
    operation: 'PutItem',
    key: 'pk = RCP#receipt, sk = RECEIPT',
    items: ['receipt'],
    roles: ['lifecycle'],
    cost: '1 write',
  },
  getReceipt: {
    operation: 'GetItem',
    key: 'pk = RCP#receipt, sk = RECEIPT',
    items: ['receipt'],
    roles: ['lifecycle'],
    cost: '1 read (consistent)',
  },
  addAuditEntry: {
    operation: 'PutItem',
    key: 'pk = AUD#month, sk = time#act, if absent',
    items: ['audit'],
    roles: ['lifecycle'],
    cost: '1 write',
  },
  listAudit: {
    operation: 'Query',
    key: 'pk = AUD#month, newest first',
    items: ['audit'],
    roles: ['lifecycle'],
    cost: '0.5 read per 4 KB',
  },
  getCheckpoint: {
    operation: 'GetItem',
    key: 'pk = CHK#consumer, sk = shard',
    items: ['checkpoint'],
    roles: ['fanout', 'service'],
    cost: '1 read (consistent)',
  },
  putCheckpoint: {
    operation: 'UpdateItem',
    key: 'pk = CHK#consumer, sk = shard',
    items: ['checkpoint'],
    roles: ['fanout'],
    cost: '1 write',
  },
} as const satisfies Record<string, PatternDescription>;

export type PatternName = keyof typeof catalog;
