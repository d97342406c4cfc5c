/** A DynamoDB client that counts its requests and their units, and that crashes on order: what every design is measured through. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings } from './dynoxide.ts';

/** Counted since the meter was made. */
export interface Meter {
  read: number;
  write: number;
  requests: number;
}

export const nothing: Readonly<Meter> = { read: 0, write: 0, requests: 0 };

export const since = (now: Meter, before: Meter): Meter => ({
  read: now.read - before.read,
  write: now.write - before.write,
  requests: now.requests - before.requests,
});

/** The process ends here, as far as the design can tell: nothing after it happens. */
export class Crash extends Error {}

export interface Fault {
  /** How many writes still succeed before the crash. */
  writesLeft: number;
}

interface Capacities {
  readonly ConsumedCapacity?: { readonly CapacityUnits?: number } | readonly { readonly CapacityUnits?: number }[];
}

const unitsOf = (output: Capacities): number =>
  [output.ConsumedCapacity ?? []].flat().reduce((sum, one) => sum + (one.CapacityUnits ?? 0), 0);

const writes = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems']);
const reads = new Set(['GetItem', 'BatchGetItem', 'Query']);

export interface MeteredClient {
  readonly client: DynamoDBClient;
  readonly meter: Meter;
  /** While set, writes count down to a crash. */
  fault: Fault | undefined;
}

/** Units are what the server reports (`ReturnConsumedCapacity: INDEXES`, so that index writes are in the sum). */
export const meteredClient = (endpoint: string): MeteredClient => {
  const client = new DynamoDBClient(clientSettings(endpoint));
  const metered: MeteredClient = { client, meter: { ...nothing }, fault: undefined };
  client.middlewareStack.add(
    (next, context) => async (request) => {
      const operation = (context.commandName ?? '').replace(/Command$/, '');
      const isWrite = writes.has(operation);
      if (!isWrite && !reads.has(operation)) return next(request);
      if (isWrite && metered.fault !== undefined) {
        if (metered.fault.writesLeft === 0) throw new Crash('the process ended here');
        metered.fault.writesLeft -= 1;
      }
      metered.meter.requests += 1;
      Object.assign(request.input, { ReturnConsumedCapacity: 'INDEXES' });
      const answer = await next(request);
      metered.meter[isWrite ? 'write' : 'read'] += unitsOf(answer.output as Capacities);
      return answer;
    },
    { step: 'initialize' },
  );
  return metered;
};
