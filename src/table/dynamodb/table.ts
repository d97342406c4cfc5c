/**
 * The port `Table` over DynamoDB, or any endpoint that speaks its protocol. What is here is the translation, one function
 * an operation; `caller.ts` carries a call through, `feed.ts` reads the stream.
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import { checkChanges } from '../changes.ts';
import { checkCondition } from '../conditions.ts';
import { TableError } from '../errors.ts';
import { checkBatchGet, checkBatchWrite, checkItem, checkKey, checkLimit } from '../limits.ts';
import type {
  BatchWrite,
  CallOptions,
  Capacity,
  Condition,
  Item,
  QueryPosition,
  ScannableTable,
  UpdateRequest,
} from '../port.ts';
import { queryShape } from '../query-shape.ts';
import { backoffMs, defaultRetryPolicy, type RetryPolicy } from '../retry.ts';
import type { TableSchema } from '../schema.ts';
import { createCaller, defaultCallMs } from './caller.ts';
import { type AttributeMap, decodeItem, encodeItem, encodeKey } from './codec.ts';
import type { CredentialProvider } from './credentials.ts';
import { streamsEndpointOf, tableEndpoint } from './endpoint.ts';
import {
  compileChanges,
  compileCondition,
  compileKeyCondition,
  createExpression,
  type Expression,
} from './expressions.ts';
import { createStreamFeed } from './feed.ts';
import type { JsonObject } from './transport.ts';

export interface DynamoTableOptions {
  readonly name: string;
  readonly schema: TableSchema;
  readonly region: string;
  /** DynamoDB of the region when absent; else any server that speaks its protocol, or an interface endpoint. */
  readonly endpoint?: string | undefined;
  /** Where the stream is read; with an `endpoint`, the same unless given, else that of the region. */
  readonly streamsEndpoint?: string | undefined;
  /** The clock, in milliseconds since the epoch; deadlines and signatures go by it. */
  readonly now: () => number;
  /** Uniform in [0, 1): the jitter of retries. */
  readonly random: () => number;
  readonly sleep?: ((ms: number) => Promise<void>) | undefined;
  /** The SDK's chain when absent. */
  readonly credentials?: CredentialProvider | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** Milliseconds one attempt may take. */
  readonly attemptMs?: number | undefined;
}

const service = 'DynamoDB_20120810';

/** The units of an answer; DynamoDB's total includes the indexes. */
const unitsOf = (body: JsonObject): number => {
  const consumed = body.ConsumedCapacity;
  const each = Array.isArray(consumed) ? consumed : consumed === undefined ? [] : [consumed];
  return each.reduce((sum: number, of: { readonly CapacityUnits?: number }) => sum + (of.CapacityUnits ?? 0), 0);
};
const reading = (read: number): Capacity => ({ read, write: 0 });
const writing = (write: number): Capacity => ({ read: 0, write });

const itemsOf = (body: JsonObject): Item[] => ((body.Items ?? []) as AttributeMap[]).map(decodeItem);

const nextOf = (body: JsonObject): { next?: QueryPosition } => {
  const last = body.LastEvaluatedKey as AttributeMap | undefined;
  return last === undefined ? {} : { next: decodeItem(last) as QueryPosition };
};

const conditionPart = (into: Expression, condition: Condition | undefined): object => {
  if (condition === undefined) return {};
  checkCondition(condition);
  return { ConditionExpression: compileCondition(into, condition), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
};

/** A number added twice counts twice; every other change may be repeated. */
const repeatable = ({ changes }: UpdateRequest): boolean =>
  !Object.values<unknown>(changes.add ?? {}).some((value) => typeof value === 'number');

/** Part of a batch was written before this error, so that it cannot say that nothing was. */
const partlyDone = (error: unknown): TableError =>
  new TableError('unavailable', `a batch was written in part: ${error instanceof Error ? error.message : ''}`, {
    outcome: 'unknown',
    cause: error,
  });

export const createDynamoTable = (options: DynamoTableOptions): ScannableTable => {
  const { name, schema, now, random, region } = options;
  const sleep = options.sleep ?? ((ms: number) => sleepFor(ms));
  const endpoint = tableEndpoint(region, options.endpoint);
  const streamsEndpoint = streamsEndpointOf(region, options.endpoint, options.streamsEndpoint);
  const callerOptions = { ...options, sleep };
  const caller = createCaller({ ...callerOptions, endpoint });
  const streams =
    streamsEndpoint.origin === endpoint.origin ? caller : createCaller({ ...callerOptions, endpoint: streamsEndpoint });
  const policy = options.retry ?? defaultRetryPolicy;
  const feed = createStreamFeed({ table: name, caller, streams, now });

  const send = (operation: string, effect: 'read' | 'write' | 'once', input: object, call?: CallOptions) =>
    caller.call({ target: `${service}.${operation}`, effect, input, deadline: call?.deadline });

  const write = async (operation: string, effect: 'write' | 'once', input: object, call?: CallOptions) => {
    const body = await send(operation, effect, { TableName: name, ReturnConsumedCapacity: 'TOTAL', ...input }, call);
    feed.changed();
    return body;
  };

  /** Sends a batch again and again with what was left unprocessed, until the deadline. */
  const batch = async <Entry>(
    operation: 'BatchGetItem' | 'BatchWriteItem',
    entries: readonly Entry[],
    toInput: (entries: readonly Entry[]) => object,
    onAnswer: (body: JsonObject) => readonly Entry[],
    call?: CallOptions,
  ): Promise<void> => {
    const deadline = call?.deadline ?? now() + defaultCallMs;
    const effect = operation === 'BatchGetItem' ? 'read' : 'write';
    let left = entries;
    for (let round = 1; ; round += 1) {
      const input = { ...toInput(left), ReturnConsumedCapacity: 'TOTAL' };
      const body = await send(operation, effect, input, { deadline }).catch((error: unknown) => {
        throw left.length < entries.length && effect === 'write' ? partlyDone(error) : error;
      });
      left = onAnswer(body);
      if (left.length === 0) return;
      const delay = backoffMs(round, random, policy);
      if (round >= policy.attemptsMax || now() + delay >= deadline) {
        const error = new TableError('throttled', `${operation}: ${left.length} of ${entries.length} left undone`);
        throw left.length < entries.length && effect === 'write' ? partlyDone(error) : error;
      }
      await sleep(delay);
    }
  };

  return {
    name,
    feed,

    async get({ key, consistent = false }, call) {
      checkKey(key);
      const input = {
        TableName: name,
        Key: encodeKey(key),
        ConsistentRead: consistent,
        ReturnConsumedCapacity: 'TOTAL',
      };
      const body = await send('GetItem', 'read', input, call);
      const found = body.Item as AttributeMap | undefined;
      return { item: found === undefined ? undefined : decodeItem(found), capacity: reading(unitsOf(body)) };
    },

    async put({ item, condition }, call) {
      checkItem(item);
      const into = createExpression();
      const guard = conditionPart(into, condition);
      const body = await write('PutItem', 'write', { Item: encodeItem(item), ...guard, ...into.aliases() }, call);
      return { capacity: writing(unitsOf(body)) };
    },

    async update(request, call) {
      checkKey(request.key);
      checkChanges(request.changes);
      const into = createExpression();
      const expression = compileChanges(into, request.changes);
      const input = {
        Key: encodeKey(request.key),
        ...(expression === undefined ? {} : { UpdateExpression: expression }),
        ...conditionPart(into, request.condition),
        ...into.aliases(),
        ReturnValues: 'ALL_NEW',
      };
      const body = await write('UpdateItem', repeatable(request) ? 'write' : 'once', input, call);
      return { item: decodeItem(body.Attributes as AttributeMap), capacity: writing(unitsOf(body)) };
    },

    async delete({ key, condition }, call) {
      checkKey(key);
      const into = createExpression();
      const guard = conditionPart(into, condition);
      const body = await write('DeleteItem', 'write', { Key: encodeKey(key), ...guard, ...into.aliases() }, call);
      return { capacity: writing(unitsOf(body)) };
    },

    async query(request, call) {
      const { index, partitionKey, partition, sortKey, condition } = queryShape(schema, request);
      const into = createExpression();
      const input = {
        TableName: name,
        ...(index === undefined ? { ConsistentRead: request.consistent ?? false } : { IndexName: index }),
        KeyConditionExpression: compileKeyCondition(
          into,
          { attribute: partitionKey, value: partition },
          { attribute: sortKey, condition },
        ),
        ...into.aliases(),
        ScanIndexForward: request.ascending ?? false,
        ...(request.limit === undefined ? {} : { Limit: request.limit }),
        ...(request.start === undefined ? {} : { ExclusiveStartKey: encodeItem(request.start) }),
        ReturnConsumedCapacity: 'TOTAL',
      };
      const body = await send('Query', 'read', input, call);
      return { items: itemsOf(body), ...nextOf(body), capacity: reading(unitsOf(body)) };
    },

    async batchGet(keys, consistent = false, call) {
      checkBatchGet(keys);
      const items: Item[] = [];
      let units = 0;
      await batch<AttributeMap>(
        'BatchGetItem',
        keys.map(encodeKey),
        (left) => ({ RequestItems: { [name]: { Keys: left, ConsistentRead: consistent } } }),
        (body) => {
          const found = (body.Responses as Record<string, AttributeMap[]> | undefined)?.[name] ?? [];
          items.push(...found.map(decodeItem));
          units += unitsOf(body);
          return (body.UnprocessedKeys as Record<string, { Keys: AttributeMap[] }> | undefined)?.[name]?.Keys ?? [];
        },
        call,
      );
      return { items, capacity: reading(units) };
    },

    async batchWrite(writes, call) {
      checkBatchWrite(writes);
      for (const write of writes) if ('put' in write) checkItem(write.put);
      let units = 0;
      await batch<object>(
        'BatchWriteItem',
        writes.map(toWriteRequest),
        (left) => ({ RequestItems: { [name]: left } }),
        (body) => {
          units += unitsOf(body);
          return (body.UnprocessedItems as Record<string, object[]> | undefined)?.[name] ?? [];
        },
        call,
      );
      feed.changed();
      return { capacity: writing(units) };
    },

    async scan({ limit, start }, call) {
      checkLimit(limit);
      const input = {
        TableName: name,
        ...(limit === undefined ? {} : { Limit: limit }),
        ...(start === undefined ? {} : { ExclusiveStartKey: encodeItem(start) }),
        ReturnConsumedCapacity: 'TOTAL',
      };
      const body = await send('Scan', 'read', input, call);
      return { items: itemsOf(body), ...nextOf(body), capacity: reading(unitsOf(body)) };
    },

    async close() {
      await Promise.all(streams === caller ? [caller.close()] : [caller.close(), streams.close()]);
    },
  };
};

const toWriteRequest = (write: BatchWrite): object =>
  'put' in write
    ? { PutRequest: { Item: encodeItem(write.put) } }
    : { DeleteRequest: { Key: encodeKey(write.delete) } };
