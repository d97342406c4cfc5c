/**
 * The one description of the tables (TABLE-1). The command line, the tests, the embedded start and the infrastructure
 * all read it; nothing else says what a key or an index is called.
 */

/** The primary key's attribute names; both hold strings. */
export const primaryKey = { partitionKey: 'pk', sortKey: 'sk' } as const;

/** The global secondary indexes of the main table; every key holds strings and every index projects all attributes. */
export const indexes = {
  inbox: { partitionKey: 'inbox', sortKey: 'last_message_at' },
} as const;

/** A table as `CreateTable`, the embedded table and the infrastructure need it. Billing is on demand everywhere. */
export interface TableSchema {
  readonly indexes: { readonly [name: string]: { readonly partitionKey: string; readonly sortKey: string } };
  /** NEW_AND_OLD_IMAGES, kept for 24 hours, or no stream. */
  readonly stream: boolean;
  /** The attribute that holds an expiry in seconds since the epoch. */
  readonly ttl: string | undefined;
  readonly pointInTimeRecovery: boolean;
  /** Days, 1 to 35, that recovery and backups may reach back where a deployment keeps them (the infrastructure does). */
  readonly recoveryDays: number;
  readonly deletionProtection: boolean;
}

/** Conversations, messages, inbox rows and people. */
export const mainSchema: TableSchema = {
  indexes,
  stream: true,
  ttl: 'expires_at',
  pointInTimeRecovery: true,
  recoveryDays: 35,
  deletionProtection: true,
};

/**
 * Wrapped data keys. A table of its own, without recovery by point in time or, in the deployment, with that of a single
 * day, so that a deleted key is soon gone from backups too, and with it what it encrypted.
 */
export const keysSchema: TableSchema = {
  indexes: {},
  stream: false,
  ttl: undefined,
  pointInTimeRecovery: false,
  recoveryDays: 1,
  deletionProtection: true,
};
