/** How a failure is told at a terminal: one line for what a person can put right, a trace for what they cannot. */
import { ParleyError } from '#domain/errors';
import { ConfigError } from '#server/config';
import { LockedError } from '#server/lock';
import { isSystemCode } from '#server/system-code';
import { TableError } from '#table/errors';
import { UsageError } from './usage.ts';

const sentences = [ConfigError, LockedError, TableError];

/** A mistake in the call, found by us or by the parser of the options. */
export const isUsage = (error: unknown): boolean =>
  error instanceof UsageError ||
  (error instanceof TypeError && String((error as { readonly code?: unknown }).code).startsWith('ERR_PARSE_ARGS'));

const sentenceOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof ParleyError) {
    const cause = sentenceOf(error.cause);
    // Nobody has noted anything here: why it failed is the whole of what helps.
    if (error.code === 'internal') return cause;
    return cause === undefined ? error.message : `${error.message} (${cause})`;
  }
  if (isUsage(error) || sentences.some((kind) => error instanceof kind)) return error.message;
  const { code, $metadata } = error as { readonly code?: unknown; readonly $metadata?: unknown };
  // Several addresses tried in vain are one error without a message of its own.
  if (isSystemCode(code))
    return error.message || sentenceOf((error as Partial<AggregateError>).errors?.[0]) || `${code}`;
  if ($metadata !== undefined || error.name === 'CredentialsProviderError') return `${error.name}: ${error.message}`;
  return undefined;
};

/** A line, or where nothing was foreseen the trace. */
export const tell = (error: unknown): string => {
  const sentence = sentenceOf(error);
  if (sentence !== undefined) return sentence.replaceAll(/\s+/g, ' ');
  const inside = error instanceof ParleyError ? (error.cause ?? error) : error;
  return inside instanceof Error ? (inside.stack ?? inside.message) : String(inside);
};
