/** The composition root: the one place in the service that names adapters, chosen by the configuration. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createLocalBus } from '#bus/local';
import type { Bus } from '#bus/port';
import { createLocalCache } from '#cache/local';
import { createKmsWrapper } from '#crypto/kms-wrapper';
import { createLocalWrapper } from '#crypto/local-wrapper';
import { createSealer, type SealerCounters } from '#crypto/sealer';
import { createKeyring } from '#crypto/table-keyring';
import { createMessenger } from '#messenger/create';
import type { Fanout } from '#messenger/fanout';
import { type FeedRunner, startFeedRunner } from '#messenger/feed-runner';
import type { Import } from '#messenger/import';
import type { Messenger } from '#messenger/messenger';
import { createPatterns, type Observe, type Patterns } from '#store/patterns';
import { createDynamoTable } from '#table/dynamodb/table';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import type { ScannableTable } from '#table/port';
import { keysSchema, mainSchema } from '#table/schema';
import type { Config } from './config.ts';

/** The name of the embedded main table; on DynamoDB the configuration says it. */
const embeddedName = 'parley';
/** The fan-out's name in its checkpoints. */
const consumer = 'inbox';

export interface Tables {
  readonly main: ScannableTable;
  readonly keys: ScannableTable;
}

export interface Parley {
  readonly tables: Tables;
  readonly patterns: Patterns;
  readonly messenger: Messenger;
  readonly fanout: Fanout;
  readonly importConversation: Import;
  readonly bus: Bus;
  readonly sealed: SealerCounters;
  /** Begins to bring inboxes up to date in this process; `failed` is told of each fault, which is then tried again. */
  readonly startFanout: (failed: (error: unknown) => void) => FeedRunner;
  /** Stops the fan-out, then lets go of the tables. */
  readonly close: () => Promise<void>;
}

const now = (): number => Date.now();

/** Opens the tables the configuration names; makes none on DynamoDB (that is `schema-load`'s), both in an empty data folder. */
export const openTables = async (config: Config): Promise<Tables> => {
  if (config.table.kind === 'dynamodb') {
    const { table, region, endpoint } = config.table;
    const options = { region, endpoint, now, random: Math.random };
    return {
      main: createDynamoTable({ ...options, name: table, schema: mainSchema }),
      keys: createDynamoTable({ ...options, name: `${table}-keys`, schema: keysSchema }),
    };
  }
  const path = config.data;
  const main = await openEmbeddedTable({ path, name: embeddedName, schema: mainSchema, now });
  try {
    return { main, keys: await openEmbeddedTable({ path, name: `${embeddedName}-keys`, schema: keysSchema, now }) };
  } catch (error) {
    await main.close();
    throw error;
  }
};

const wrapperOf = (config: Config) => {
  const { kmsKeyId, table, production } = config;
  if (kmsKeyId !== undefined && table.kind === 'dynamodb')
    return createKmsWrapper({ keyId: kmsKeyId, region: table.region });
  return createLocalWrapper({ folder: join(config.data, 'keys'), nodeEnv: production ? 'production' : undefined });
};

/** Puts everything together over open tables; nothing runs in the background before `startFanout`. */
export const compose = async (config: Config, tables: Tables, observe: Observe): Promise<Parley> => {
  const keyring = createKeyring({ table: tables.keys, wrapper: await wrapperOf(config), now, randomBytes });
  const sealer = createSealer({ keyring, now });
  const patterns = createPatterns(tables.main, observe, () => performance.now());
  const bus = createLocalBus();
  const cache = createLocalCache(now, Math.random);
  let runner: FeedRunner | undefined;
  const { messenger, fanout, importConversation } = createMessenger({
    patterns,
    sealer,
    cache,
    bus,
    now,
    randomBytes,
    appended: () => runner?.wake(),
  });
  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  return {
    tables,
    patterns,
    messenger,
    fanout,
    importConversation,
    bus,
    sealed: sealer.counters,
    startFanout: (failed) => {
      runner = startFeedRunner(tables.main.feed, patterns, fanout, consumer, { now, wait }, failed);
      return runner;
    },
    close: async () => {
      await runner?.stop();
      messenger.close();
      await bus.close();
      await tables.main.close();
      await tables.keys.close();
    },
  };
};
