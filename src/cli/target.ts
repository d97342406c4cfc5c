/** What a script works on: the embedded table, or DynamoDB, by the environment or the word `prod`. */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createKeyEraser } from '#crypto/key-lifecycle';
import type { KeyWrapper } from '#crypto/key-wrapper';
import { createSealer } from '#crypto/sealer';
import { createKeyring } from '#crypto/table-keyring';
import { createMessenger } from '#messenger/create';
import type { Fanout } from '#messenger/fanout';
import { startFeedRunner } from '#messenger/feed-runner';
import type { Import } from '#messenger/import';
import type { Lifecycle } from '#messenger/lifecycle/lifecycle';
import type { Messenger } from '#messenger/messenger';
import { dataLayout, keyWrapper, openTables, type Tables } from '#server/adapters';
import { type Config, ConfigError, readConfig } from '#server/config';
import { createPatterns, type Patterns, type PatternUse } from '#store/patterns';
import { TableError } from '#table/errors';
import { type Announcer, openAnnouncer } from './announcer.ts';
import { UsageError } from './usage.ts';

/** The word that names DynamoDB in the region of the AWS configuration, as in the course. */
const production = 'prod';

/** Refuses words that nothing is done with: one of them may be a `prod` mistyped, and the script would work elsewhere than meant. */
export const noMoreThan = (taken: number, words: readonly string[]): void => {
  const extra = words.slice(taken);
  if (extra.length > 0) throw new UsageError(`what is ${extra.map((word) => `"${word}"`).join(' ')}? nothing was done`);
};

/**
 * What only servers use, and some shells set for purposes of their own: a script asks none of it. It reads from the table itself:
 * what DAX holds may be minutes old.
 */
const unused = { DAX_ENDPOINT: '', HOST: '', PORT: '' };

/** A file in the place of the data folder would be told as whatever step first meets it. */
const refuseFile = ({ table, data }: Config): void => {
  if (table.kind !== 'embedded' || statSync(data, { throwIfNoEntry: false })?.isDirectory() !== false) return;
  throw new ConfigError(`${resolve(data)} is no folder (PARLEY_DATA)`);
};

/**
 * The configuration for a script, and its words without `prod`, of which it takes so many. Throws a ConfigError, or a
 * UsageError.
 */
export const targetOf = (args: readonly string[], taken: number): { config: Config; rest: string[] } => {
  const rest = args.filter((arg) => arg !== production);
  noMoreThan(taken, rest);
  const environment: Record<string, string | undefined> = { ...process.env, ...unused };
  // An empty value counts as none: otherwise the word would be overruled, and the work done on the data of this machine.
  if (rest.length < args.length && !environment.AWS_REGION?.trim())
    environment.AWS_REGION = environment.AWS_DEFAULT_REGION?.trim() || 'us-east-1';
  const config = readConfig(environment);
  refuseFile(config);
  return { config, rest };
};

/** Where that is, in words; of a folder its whole path, since a name alone is looked for in the folder a script is called from. */
export const describeTarget = (config: Config): string =>
  config.table.kind === 'embedded'
    ? `the embedded table in ${resolve(config.data)}`
    : `the table ${config.table.table} at ${config.table.endpoint ?? `DynamoDB in ${config.table.region}`}`;

/**
 * For scripts that work on what is there: a folder that is not there, such as one mistyped, is said to be so. To open its tables
 * would make empty ones, which look like data that is lost.
 */
export const requireData = (config: Config, path = dataLayout(config.data).main): void => {
  if (config.table.kind !== 'embedded' || existsSync(path)) return;
  throw new TableError(
    'no_such_table',
    `there is nothing in ${resolve(config.data)} (PARLEY_DATA); bin/ddb/schema-load makes its tables`,
  );
};

/** True where somewhere beneath a failure is the answer that there is no such table. */
const isNoTable = (error: unknown): boolean =>
  error instanceof Error && ((error instanceof TableError && error.code === 'no_such_table') || isNoTable(error.cause));

/** Opens the tables for the length of some work. */
export const withTables = async <T>(config: Config, work: (tables: Tables) => Promise<T>): Promise<T> => {
  const tables = await openTables(config);
  try {
    return await work(tables);
  } catch (error) {
    if (!isNoTable(error)) throw error;
    const sentence = `${describeTarget(config)} is not there, or its table of keys; bin/ddb/schema-load makes both`;
    throw new TableError('no_such_table', sentence, { cause: error });
  } finally {
    await tables.main.close();
    await tables.keys.close();
  }
};

/** What a script works with. */
export interface Workbench {
  readonly config: Config;
  readonly tables: Tables;
  readonly wrapper: KeyWrapper;
  readonly messenger: Messenger;
  readonly patterns: Patterns;
  readonly fanout: Fanout;
  readonly lifecycle: Lifecycle;
  readonly importConversation: Import;
  /** What was asked of the table so far, in order. */
  readonly uses: PatternUse[];
  /** Brings the inboxes up to date with all that was written, by the server's own fan-out and from its own checkpoint. */
  readonly settle: () => Promise<void>;
}

const workbench = async (config: Config, tables: Tables, { bus, cache }: Announcer): Promise<Workbench> => {
  const uses: PatternUse[] = [];
  const now = (): number => Date.now();
  const patterns = createPatterns(
    tables.main,
    (use) => uses.push(use),
    () => performance.now(),
  );
  const wrapper = await keyWrapper(config);
  const keyring = createKeyring({ table: tables.keys, wrapper, now, randomBytes });
  const { messenger, fanout, lifecycle, importConversation } = createMessenger({
    patterns,
    sealer: createSealer({ keyring, now }),
    keys: createKeyEraser(tables.keys),
    cache,
    bus,
    now,
    randomBytes,
  });
  const settle = async (): Promise<void> => {
    const wait = (ms: number, signal: AbortSignal): Promise<void> =>
      setTimeout(ms, undefined, { signal }).catch(() => undefined);
    const failed = (error: unknown): void =>
      void process.stderr.write(`the fan-out failed, and tries again: ${error}\n`);
    // On DynamoDB nodes may be at it as well: what they hold is theirs to apply.
    const owner = config.table.kind === 'embedded' ? undefined : randomUUID();
    const runner = startFeedRunner(tables.main.feed, patterns, fanout, 'fanout', { now, wait }, failed, owner);
    await runner.settled();
    await runner.stop();
  };
  return { config, tables, wrapper, messenger, patterns, fanout, lifecycle, importConversation, uses, settle };
};

/** Opens everything for the length of some work, and tells the servers what it changed. */
export const withWorkbench = <T>(config: Config, work: (bench: Workbench) => Promise<T>): Promise<T> =>
  withTables(config, async (tables) => {
    const announcer = await openAnnouncer(config.valkey);
    try {
      return await work(await workbench(config, tables, announcer));
    } finally {
      // Also of work that failed half-way: what it changed until then is changed.
      if (!(await announcer.close()))
        process.stderr.write('Valkey is away: servers may show what was there before for up to five minutes\n');
    }
  });
