/**
 * The fan-out as a function behind the table's stream: the same code as a node's runner, with Lambda in the place of leases and
 * checkpoints. It composes no keyring and no sealer: it moves ciphertext (SEC-4). What it did to the rows it says on the bus, so
 * that the servers' open streams carry `conversation.updated` (LIVE-1); the rows stand whether anybody hears it or not.
 *
 * Event source: `ReportBatchItemFailures` on, filters as in `#store/stream-filters`. Environment: `DYNAMODB_TABLE`,
 * `AWS_REGION` (Lambda sets it), `DYNAMODB_ENDPOINT` for another server than the region's own; `VALKEY_URL` and
 * `VALKEY_IAM_CACHE` as for the server, without which nothing is said.
 */

import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { openTarget } from '#bus/open-target';
import { createValkeyPublisher, type Publisher } from '#bus/valkey-publisher';
import { valkeyTarget } from '#bus/valkey-target';
import { createLocalCache } from '#cache/local';
import { createFanoutAlone } from '#messenger/create-fanout';
import { createPatterns } from '#store/patterns';
import { chainCredentials } from '#table/dynamodb/credentials';
import { createPresigner } from '#table/dynamodb/presign';
import { createDynamoTable } from '#table/dynamodb/table';
import { mainSchema } from '#table/schema';
import { applyBatch, type StreamEvent, type StreamResponse } from './stream-batch.ts';

/** What of Lambda's context is used. */
interface Context {
  getRemainingTimeInMillis(): number;
}

/** What telling the servers may cost a batch: its rows are written by then, and the next batch waits. */
const tellMsMax = 1_500;

/** A bus that is away says so many times a second; the log needs it once in a while. */
const complaintMs = 10_000;

const warn = (msg: string, error: unknown): void => {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  process.stdout.write(`${JSON.stringify({ level: 'warn', msg, err: { name, message } })}\n`);
};
const failed = (error: unknown): void => warn('the fan-out failed', error);

const now = (): number => Date.now();

const openPublisher = (environment: NodeJS.ProcessEnv): Publisher | undefined => {
  const { VALKEY_URL: url, VALKEY_IAM_CACHE: iamCache, AWS_REGION: region } = environment;
  const read = valkeyTarget({ url, iamCache, region });
  if ('problem' in read) throw new Error(read.problem);
  if (read.target === undefined) return undefined;
  let complained = Number.NEGATIVE_INFINITY;
  const link = openTarget(read.target, createPresigner(chainCredentials(), now), (error) => {
    if (now() - complained < complaintMs) return;
    complained = now();
    // Its name alone: an error of the client library carries the command it answers, and that may be a sign-in.
    warn('Valkey is away; open streams hear of rows later', new Error(error instanceof Error ? error.name : 'unknown'));
  });
  return createValkeyPublisher(link, randomUUID(), { now, wait: (ms) => setTimeout(ms) });
};

/** The function over one environment; `close` is for those who end a process that goes on. */
export const createFanoutFunction = (environment: NodeJS.ProcessEnv) => {
  const { DYNAMODB_TABLE: name = 'parley', AWS_REGION: region, DYNAMODB_ENDPOINT: endpoint } = environment;
  if (region === undefined) throw new Error('AWS_REGION does not say where the table is');
  const publisher = openPublisher(environment);
  const table = createDynamoTable({ name, schema: mainSchema, region, endpoint, now, random: Math.random });
  const patterns = createPatterns(
    table,
    () => undefined,
    () => performance.now(),
  );
  const bus = publisher ?? { publish: () => undefined };
  const fanout = createFanoutAlone({ patterns, cache: createLocalCache(now, Math.random), bus });
  return {
    handler: async (event: StreamEvent, context: Context): Promise<StreamResponse> => {
      try {
        return await applyBatch(fanout, event, () => context.getRemainingTimeInMillis(), failed);
      } finally {
        // Also of a batch that failed: a part of its rows may have been written, and nobody would be told of them again.
        await publisher?.flush(tellMsMax);
      }
    },
    close: async (): Promise<void> => {
      await publisher?.close();
      await table.close();
    },
  };
};

let composed: ReturnType<typeof createFanoutFunction> | undefined;

/** Composed once per instance, at its first event. */
export const handler = async (event: StreamEvent, context: Context): Promise<StreamResponse> => {
  composed ??= createFanoutFunction(process.env);
  return composed.handler(event, context);
};
