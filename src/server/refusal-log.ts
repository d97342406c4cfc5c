/**
 * What the log says of requests that the service itself could not serve (5xx): a line for each code once in a while, with what is
 * beneath it, since an operator is told by the code alone neither what is away nor why.
 */
import type { FastifyBaseLogger } from 'fastify';
import { type ErrorCode, ParleyError } from '#domain/errors';
import { statusOf } from '#protocol/problem';
import { TableError, type TableErrorCode } from '#table/errors';
import { isSystemCode } from './system-code.ts';

/** A table that is away refuses thousands a second, all for one reason. */
const everyMs = 10_000;
/** Causes that point at each other have an end here. */
const causesMax = 5;

/** What the table says with these codes is about itself; with the others it may quote what a user wrote. */
const aboutItself: ReadonlySet<TableErrorCode> = new Set(['unavailable', 'throttled', 'no_such_table']);

/** True where the words of an error are about machines: they hold nothing that a user wrote (SEC-7). */
const mayBeTold = (error: Error): boolean => {
  if (error instanceof ParleyError) return error.code !== 'internal' && statusOf[error.code] >= 500;
  if (error instanceof TableError) return aboutItself.has(error.code);
  const { code, $metadata } = error as { readonly code?: unknown; readonly $metadata?: unknown };
  // Of the operating system, or of a service of AWS.
  return $metadata !== undefined || isSystemCode(code);
};

/** An error and its causes, the outermost first: names, and words where they may be told. */
export const causesOf = (thrown: unknown): string[] => {
  const causes: string[] = [];
  for (let error = thrown; error instanceof Error && causes.length < causesMax; error = error.cause) {
    const { code } = error as { readonly code?: unknown };
    const name = typeof code === 'string' ? `${error.name} ${code}` : error.name;
    causes.push(mayBeTold(error) && error.message !== '' ? `${name}: ${error.message}` : name);
  }
  return causes;
};

/** Where a request was refused: its id, its method, and its route's pattern, never its address. */
export interface Refused {
  readonly req_id: string;
  readonly method: string;
  readonly route: string;
}

export type NoteRefusal = (error: ParleyError, at: Refused) => void;

/** @param now milliseconds since the epoch. */
export const createRefusalLog = (log: Pick<FastifyBaseLogger, 'warn'>, now: () => number): NoteRefusal => {
  const told = new Map<ErrorCode, { at: number; unlogged: number }>();
  return (error, at) => {
    const last = told.get(error.code);
    if (last !== undefined && now() - last.at < everyMs) {
      last.unlogged += 1;
      return;
    }
    told.set(error.code, { at: now(), unlogged: 0 });
    const { code } = error;
    log.warn(
      { ...at, code, status: statusOf[code], causes: causesOf(error), unlogged: last?.unlogged ?? 0 },
      'a request was refused',
    );
  };
};
