/** Tables and keys as the configuration names them; shared by the server and the scripts, each a composition root. */
import { join } from 'node:path';
import type { KeyWrapper } from '#crypto/key-wrapper';
import { createLocalWrapper, KeyFileError, type LocalKeyWrapper } from '#crypto/local-wrapper';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import type { Item, ScannableTable } from '#table/port';
import { keysSchema, mainSchema } from '#table/schema';
import { type Config, ConfigError } from './config.ts';

export interface Tables {
  readonly main: ScannableTable;
  readonly keys: ScannableTable;
  /** Present where expired items are not deleted by the engine itself. */
  readonly deleteExpired?: () => Promise<number>;
}

const now = (): number => Date.now();

/** Where things lie in the data folder. */
export const dataLayout = (data: string) => ({
  main: join(data, 'table'),
  keys: join(data, 'keys'),
  keyFiles: join(data, 'key-files'),
});

/** Who is in a group changes, so its first entry is always asked for at the table; all else that is read as settled lasts. */
const lasting = (item: Item): boolean => item.type !== 'conversation' || item.kind === 'direct';

const throughDax = async (main: ScannableTable, endpoint: string, region: string): Promise<ScannableTable> => {
  const [{ openDax }, { readThroughDax }] = await Promise.all([
    import('#table/dax/client'),
    import('#table/dax/reads'),
  ]);
  const dax = openDax(endpoint, region);
  const through = readThroughDax(main, dax, lasting, { now });
  return {
    ...through,
    close: async () => {
      dax.close();
      await main.close();
    },
  };
};

/** Opens the tables. Makes none on DynamoDB (`schema-load` does); in an empty data folder both are made. */
export const openTables = async ({ table, data }: Config): Promise<Tables> => {
  if (table.kind === 'dynamodb') {
    // Loaded only when used: a script on the embedded table starts without the cloud's libraries.
    const { createDynamoTable } = await import('#table/dynamodb/table');
    const { region, endpoint } = table;
    const common = { region, endpoint, now, random: Math.random };
    const main = createDynamoTable({ ...common, name: table.table, schema: mainSchema });
    return {
      main: table.dax === undefined ? main : await throughDax(main, table.dax, region),
      keys: createDynamoTable({ ...common, name: `${table.table}-keys`, schema: keysSchema }),
    };
  }
  const layout = dataLayout(data);
  const main = await openEmbeddedTable({ path: layout.main, schema: mainSchema, name: 'parley', now });
  try {
    const keys = await openEmbeddedTable({ path: layout.keys, schema: keysSchema, name: 'parley-keys', now });
    return { main, keys, deleteExpired: () => main.deleteExpired() };
  } catch (error) {
    await main.close();
    throw error;
  }
};

/** What data keys are wrapped with on this machine: the newest of its key files, of which there is one at least after this. */
export const localWrapper = ({ data, production }: Config): Promise<LocalKeyWrapper> => {
  const folder = dataLayout(data).keyFiles;
  return createLocalWrapper({ folder, nodeEnv: production ? 'production' : undefined }).catch((error: unknown) => {
    throw error instanceof KeyFileError ? new ConfigError(error.message) : error;
  });
};

/** What data keys are wrapped with: KMS where a key is named, else a key file of this machine. */
export const keyWrapper = async (config: Config): Promise<KeyWrapper> => {
  const { kmsKeyId, kmsPreviousKeyIds, table } = config;
  if (kmsKeyId === undefined) return localWrapper(config);
  const [{ KMSClient }, { createKmsWrapper }] = await Promise.all([
    import('@aws-sdk/client-kms'),
    import('#crypto/kms-wrapper'),
  ]);
  const region = table.kind === 'dynamodb' ? { region: table.region } : {};
  return createKmsWrapper({
    client: new KMSClient(region),
    keyId: kmsKeyId,
    previousKeyIds: kmsPreviousKeyIds,
    now,
  });
};
