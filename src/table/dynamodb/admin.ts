/**
 * Making, describing and dropping tables, for operators' tools and tests. Nothing that serves a request uses this, so it
 * goes through the SDK's own client, with its waiters; the table's shape comes from `schema.ts` alone (TABLE-1).
 */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { TableError } from '../errors.ts';
import { primaryKey, type TableSchema } from '../schema.ts';
import { type CredentialProvider, defaultCredentials } from './credentials.ts';
import { tableEndpoint } from './endpoint.ts';

/** A table on AWS is active after seconds, its indexes within minutes at worst. */
const waiting = { maxWaitTime: 300, minDelay: 1, maxDelay: 5 } as const;
/** Continuous backups can be switched on only some seconds after a table has become active. */
const backupTriesMax = 10;
const backupRetryMs = 2_000;

interface TableSummary {
  readonly name: string;
  /** DynamoDB's own word: CREATING, ACTIVE, UPDATING, DELETING, … */
  readonly status: string;
  /** Counted by DynamoDB about every six hours. */
  readonly items: number;
  readonly bytes: number;
  readonly indexes: readonly string[];
  readonly streamArn: string | undefined;
  /** `undefined` where it is off, or where the server does not know such a thing. */
  readonly ttl: string | undefined;
  readonly pointInTimeRecovery: boolean;
  readonly deletionProtection: boolean;
}

interface Created {
  /** False when a table of that name and shape stood there already; what was missing of its settings was added. */
  readonly created: boolean;
  /** Settings of the schema that this server does not support, a sentence each. */
  readonly notes: readonly string[];
}

export interface DynamoAdmin {
  /** Makes the table as the schema says and waits until it is active. Repeating it is safe. */
  createTable(name: string, schema: TableSchema): Promise<Created>;
  /** Drops the table and waits until it is gone; `no_such_table` where there is none, `invalid` where it is protected. */
  deleteTable(name: string, options?: { readonly liftProtection?: boolean }): Promise<void>;
  listTables(): Promise<readonly string[]>;
  /** `undefined` when there is no such table. */
  describe(name: string): Promise<TableSummary | undefined>;
  close(): void;
}

const keySchema = (partition: string, sort: string): NonNullable<CreateTableCommandInput['KeySchema']> => [
  { AttributeName: partition, KeyType: 'HASH' },
  { AttributeName: sort, KeyType: 'RANGE' },
];

/** The request that makes a table; every key holds strings, every index projects all, billing is on demand. */
export const createTableInput = (name: string, schema: TableSchema): CreateTableCommandInput => {
  const indexes = Object.entries(schema.indexes);
  const keys = [primaryKey, ...Object.values(schema.indexes)];
  const attributes = new Set(keys.flatMap(({ partitionKey, sortKey }) => [partitionKey, sortKey]));
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: keySchema(primaryKey.partitionKey, primaryKey.sortKey),
    ...(indexes.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: indexes.map(([IndexName, { partitionKey, sortKey }]) => ({
            IndexName,
            KeySchema: keySchema(partitionKey, sortKey),
            Projection: { ProjectionType: 'ALL' },
          })),
        }),
    ...(schema.stream ? { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } } : {}),
    DeletionProtectionEnabled: schema.deletionProtection,
  };
};

const named = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name);

const unsupported = (error: unknown): boolean =>
  named(
    error,
    'UnknownOperationException',
    'UnknownOperation',
    'NotImplementedException',
    'UnsupportedOperationException',
  );

const shape = (keys: TableDescription['KeySchema']): string =>
  (keys ?? []).map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`).join(', ');

/** A table that others made, or an older version, must not be taken for ours. */
const requireShape = (table: TableDescription, wanted: CreateTableCommandInput): void => {
  const differs = (what: string, is: string, should: string): void => {
    if (is !== should)
      throw new TableError('invalid', `the table ${wanted.TableName} exists with ${what} ${is}, not ${should}`);
  };
  differs('the key', shape(table.KeySchema), shape(wanted.KeySchema));
  for (const index of wanted.GlobalSecondaryIndexes ?? []) {
    const found = table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === index.IndexName);
    differs(`index ${index.IndexName} on`, shape(found?.KeySchema) || 'nothing', shape(index.KeySchema));
  }
};

export const createDynamoAdmin = (options: {
  readonly region: string;
  readonly endpoint?: string | undefined;
  readonly credentials?: CredentialProvider | undefined;
  readonly sleep: (ms: number) => Promise<void>;
}): DynamoAdmin => {
  const endpoint = tableEndpoint(options.region, options.endpoint);
  const provide = options.credentials ?? defaultCredentials(endpoint);
  const client = new DynamoDBClient({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    credentials: async () => {
      const { accessKeyId, secretAccessKey, sessionToken } = await provide();
      return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
    },
  });

  const describeTable = async (name: string): Promise<TableDescription | undefined> => {
    try {
      return (await client.send(new DescribeTableCommand({ TableName: name }))).Table;
    } catch (error) {
      if (named(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  };

  const ttlOf = async (name: string): Promise<string | undefined> => {
    const { TimeToLiveDescription: ttl } = await client.send(new DescribeTimeToLiveCommand({ TableName: name }));
    const on = ttl?.TimeToLiveStatus === 'ENABLED' || ttl?.TimeToLiveStatus === 'ENABLING';
    return on ? ttl.AttributeName : undefined;
  };

  const recoveryOf = async (name: string): Promise<boolean> => {
    const { ContinuousBackupsDescription: backups } = await client.send(
      new DescribeContinuousBackupsCommand({ TableName: name }),
    );
    return backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED';
  };

  const setTtl = async (name: string, attribute: string): Promise<void> => {
    if ((await ttlOf(name)) === attribute) return;
    const specification = { Enabled: true, AttributeName: attribute };
    await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: specification }));
  };

  const setRecovery = async (name: string, days: number): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      try {
        const specification = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: days };
        const input = { TableName: name, PointInTimeRecoverySpecification: specification };
        await client.send(new UpdateContinuousBackupsCommand(input));
        return;
      } catch (error) {
        if (!named(error, 'ContinuousBackupsUnavailableException') || tries >= backupTriesMax) throw error;
        await options.sleep(backupRetryMs);
      }
    }
  };

  const setProtection = (name: string, on: boolean) =>
    client.send(new UpdateTableCommand({ TableName: name, DeletionProtectionEnabled: on }));

  /** What the server does when it can, otherwise the other value. */
  const orElse = async <T>(work: Promise<T>, fallback: T): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (unsupported(error)) return fallback;
      throw error;
    }
  };

  return {
    async createTable(name, schema) {
      const input = createTableInput(name, schema);
      const existing = await describeTable(name);
      if (existing !== undefined) requireShape(existing, input);
      else await client.send(new CreateTableCommand(input));
      await waitUntilTableExists({ client, ...waiting }, { TableName: name });

      const notes: string[] = [];
      const setting = async (what: string, work: Promise<unknown>): Promise<void> => {
        const done = await orElse(
          work.then(() => true),
          false,
        );
        if (!done) notes.push(`${what} is not supported by this server and was left out`);
      };
      if (schema.ttl !== undefined) await setting('time to live', setTtl(name, schema.ttl));
      if (schema.pointInTimeRecovery) await setting('point-in-time recovery', setRecovery(name, schema.recoveryDays));
      const stands = await describeTable(name);
      if (schema.deletionProtection && stands?.DeletionProtectionEnabled !== true) {
        await setting('deletion protection', setProtection(name, true));
      }
      return { created: existing === undefined, notes };
    },

    async deleteTable(name, { liftProtection = false } = {}) {
      const existing = await describeTable(name);
      if (existing === undefined) throw new TableError('no_such_table', `there is no table ${name}`);
      if (existing.DeletionProtectionEnabled === true) {
        if (!liftProtection) throw new TableError('invalid', `the table ${name} is protected against deletion`);
        await setProtection(name, false);
        await waitUntilTableExists({ client, ...waiting }, { TableName: name });
      }
      await client.send(new DeleteTableCommand({ TableName: name }));
      await waitUntilTableNotExists({ client, ...waiting }, { TableName: name });
    },

    async listTables() {
      const names: string[] = [];
      let last: string | undefined;
      do {
        const page = await client.send(
          new ListTablesCommand(last === undefined ? {} : { ExclusiveStartTableName: last }),
        );
        names.push(...(page.TableNames ?? []));
        last = page.LastEvaluatedTableName;
      } while (last !== undefined);
      return names;
    },

    async describe(name) {
      const table = await describeTable(name);
      if (table === undefined) return undefined;
      return {
        name,
        status: table.TableStatus ?? 'UNKNOWN',
        items: table.ItemCount ?? 0,
        bytes: table.TableSizeBytes ?? 0,
        indexes: (table.GlobalSecondaryIndexes ?? []).flatMap(({ IndexName }) =>
          IndexName === undefined ? [] : [IndexName],
        ),
        streamArn: table.LatestStreamArn,
        ttl: await orElse(ttlOf(name), undefined),
        pointInTimeRecovery: await orElse(recoveryOf(name), false),
        deletionProtection: table.DeletionProtectionEnabled ?? false,
      };
    },

    close() {
      client.destroy();
    },
  };
};
