/**
 * The fan-out as a function behind the table's stream: the same code as a node's runner, with Lambda in the place of leases and
 * checkpoints. It composes no keyring and no sealer: it moves ciphertext (SEC-4).
 *
 * Event source: `ReportBatchItemFailures` on, filters as in `#store/stream-filters`. Environment: `DYNAMODB_TABLE`,
 * `AWS_REGION` (Lambda sets it), `DYNAMODB_ENDPOINT` for another server than the region's own.
 */
import { performance } from 'node:perf_hooks';
import { createLocalBus } from '#bus/local';
import { createLocalCache } from '#cache/local';
import { createFanoutAlone } from '#messenger/create-fanout';
import type { Fanout } from '#messenger/fanout';
import { createPatterns } from '#store/patterns';
import { createDynamoTable } from '#table/dynamodb/table';
import { mainSchema } from '#table/schema';
import { applyBatch, type StreamEvent, type StreamResponse } from './stream-batch.ts';

/** What of Lambda's context is used. */
interface Context {
  getRemainingTimeInMillis(): number;
}

const compose = (environment: NodeJS.ProcessEnv): Fanout => {
  const { DYNAMODB_TABLE: name = 'parley', AWS_REGION: region, DYNAMODB_ENDPOINT: endpoint } = environment;
  if (region === undefined) throw new Error('AWS_REGION does not say where the table is');
  const now = (): number => Date.now();
  const table = createDynamoTable({ name, schema: mainSchema, region, endpoint, now, random: Math.random });
  const patterns = createPatterns(
    table,
    () => undefined,
    () => performance.now(),
  );
  return createFanoutAlone({ patterns, cache: createLocalCache(now, Math.random), bus: createLocalBus() });
};

let composed: Fanout | undefined;

const failed = (error: unknown): void => {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  process.stdout.write(`${JSON.stringify({ level: 'warn', msg: 'the fan-out failed', err: { name, message } })}\n`);
};

/** Composed once per instance, at its first event. */
export const handler = async (event: StreamEvent, context: Context): Promise<StreamResponse> => {
  composed ??= compose(process.env);
  return applyBatch(composed, event, () => context.getRemainingTimeInMillis(), failed);
};
