/** The embedded table over LMDB: durable, in a data folder that several processes of one machine may have open. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TableError } from '../errors.ts';
import { decodeNumber, encodeNumber } from './codec.ts';
import { openJournaledKv } from './journaled-kv.ts';
import type { Kv } from './kv.ts';
import { type LmdbKv, openLmdbKv } from './lmdb-kv.ts';
import { createEmbeddedTable, type EmbeddedTable, type EmbeddedTableOptions } from './table.ts';

/** Counts the changes of the stored form; a folder of a newer form is left alone. */
const FORMAT_VERSION = 2;
const FORMAT_KEY = 'format';

const tableNamePattern = /^[a-zA-Z0-9_-][a-zA-Z0-9_.-]{2,254}$/;

export interface OpenEmbeddedTableOptions extends EmbeddedTableOptions {
  /** The data folder; the table's files are in `tables/<name>` below it. Made when it does not exist. */
  readonly path: string;
}

const unavailable = (message: string, cause?: unknown): TableError => new TableError('unavailable', message, { cause });

const openFolder = (folder: string): LmdbKv => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return openLmdbKv(folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unavailable(`the data folder ${folder} cannot be opened for writing: ${reason}`, cause);
  }
};

const checkFormat = async (kv: Kv, folder: string): Promise<void> => {
  const format = kv.read((reader) => decodeNumber(reader.get('meta', FORMAT_KEY)));
  if (format === FORMAT_VERSION) return;
  if (format !== undefined) {
    throw unavailable(
      `the data folder ${folder} was written by another version of Parley (its format is ${format}, this one's ${FORMAT_VERSION})`,
    );
  }
  try {
    await kv.transact((writer) => writer.put('meta', FORMAT_KEY, encodeNumber(FORMAT_VERSION)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unavailable(`the data folder ${folder} takes no writes: ${reason}`, cause);
  }
};

/** Opens a table, or makes it. Rejects with `unavailable` and one clear line when the folder is of no use. */
export const openEmbeddedTable = async (options: OpenEmbeddedTableOptions): Promise<EmbeddedTable> => {
  if (!tableNamePattern.test(options.name)) {
    throw new TableError('invalid', 'a table name has 3 to 255 letters, digits, dots, hyphens and underscores');
  }
  const folder = join(options.path, 'tables', options.name);
  const lmdb = openFolder(folder);
  try {
    await checkFormat(lmdb, folder);
    return createEmbeddedTable(await openJournaledKv(lmdb, folder), options);
  } catch (error) {
    await lmdb.close();
    if (error instanceof TableError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw unavailable(`the data folder ${folder} cannot be opened: ${reason}`, error);
  }
};
