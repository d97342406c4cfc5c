/**
 * Cognito's post-confirmation trigger: whoever confirmed their sign-up is there before their first request (USER-1). A user who
 * was missed is provisioned with that request all the same, so nothing is lost when this fails.
 *
 * Environment: `DYNAMODB_TABLE`, `AWS_REGION` (Lambda sets it), `DYNAMODB_ENDPOINT` for another server than the region's own.
 */
import { performance } from 'node:perf_hooks';
import { createLocalCache } from '#cache/local';
import type { Messenger } from '#messenger/messenger';
import { createPeople } from '#messenger/people';
import { createProfiles } from '#messenger/profiles';
import { createPatterns } from '#store/patterns';
import { createDynamoTable } from '#table/dynamodb/table';
import { mainSchema } from '#table/schema';
import { provisionSignUp, type SignUpEvent } from './sign-up.ts';

const now = (): number => Date.now();

const compose = (environment: NodeJS.ProcessEnv): Messenger['provision'] => {
  const { DYNAMODB_TABLE: name = 'parley', AWS_REGION: region, DYNAMODB_ENDPOINT: endpoint } = environment;
  if (region === undefined) throw new Error('AWS_REGION does not say where the table is');
  const table = createDynamoTable({ name, schema: mainSchema, region, endpoint, now, random: Math.random });
  const patterns = createPatterns(
    table,
    () => undefined,
    () => performance.now(),
  );
  return createPeople({ patterns, now }, createProfiles(patterns, createLocalCache(now, Math.random))).provision;
};

let composed: Messenger['provision'] | undefined;

/** Composed once per instance, at its first event. */
export const handler = async <E extends SignUpEvent>(event: E): Promise<E> => {
  composed ??= compose(process.env);
  await provisionSignUp(composed, event, now);
  return event;
};
