/**
 * Every request the keyring makes of the table of wrapped keys, by name (TABLE-2): one function each in `key-store.ts`.
 * Rights in the cloud are generated from this list; the fan-out is in none of them (SEC-4).
 */

/** Which process uses a pattern: the API service, or an operator's or life-cycle job. Never the fan-out. */
export type KeyRole = 'service' | 'lifecycle';

export interface KeyPatternDescription {
  readonly operation: 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'BatchWriteItem' | 'Scan';
  readonly key: string;
  readonly roles: readonly KeyRole[];
  /** Units for a wrapped key of up to 1 KB; the tests hold each to it. */
  readonly cost: string;
}

export const keyCatalog = {
  createDataKey: {
    operation: 'PutItem',
    key: 'pk = KEY#author, sk = conversation#generation, if absent',
    roles: ['service', 'lifecycle'],
    cost: '1 write',
  },
  getDataKey: {
    operation: 'GetItem',
    key: 'pk = KEY#author, sk = conversation#generation',
    roles: ['service', 'lifecycle'],
    cost: '1 read (consistent)',
  },
  getDataKeys: {
    operation: 'BatchGetItem',
    key: 'pk = KEY#author, sk = conversation#generation, of all that a page or an inbox is to be opened with',
    roles: ['service', 'lifecycle'],
    cost: '1 read each (consistent)',
  },
  newestDataKey: {
    operation: 'Query',
    key: 'pk = KEY#author, sk between conversation#000001 and #999999, newest first, one',
    roles: ['service', 'lifecycle'],
    cost: '1 read (consistent)',
  },
  listDataKeysOf: {
    operation: 'Query',
    key: 'pk = KEY#author',
    roles: ['lifecycle'],
    cost: '1 read per 4 KB (consistent)',
  },
  deleteDataKeysOf: {
    operation: 'BatchWriteItem',
    key: 'pk = KEY#author, sk = any of theirs',
    roles: ['lifecycle'],
    cost: '1 write each',
  },
  rewrapDataKey: {
    operation: 'UpdateItem',
    key: 'pk = KEY#author, sk = conversation#generation, if under the old key-encryption key',
    roles: ['lifecycle'],
    cost: '1 write',
  },
  scanDataKeys: {
    operation: 'Scan',
    key: 'every key, of whomever',
    roles: ['lifecycle'],
    cost: '1 read per 8 KB',
  },
} as const satisfies Record<string, KeyPatternDescription>;
