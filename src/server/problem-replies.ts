/** Every error leaves the process here, as a problem document with a code of the closed list, and nothing of its inside (NET-1). */
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, ParleyError } from '#domain/errors';
import { type Problem, problemMediaType, statusOf } from '#protocol/problem';
import type { NoteRefusal, Refused } from './refusal-log.ts';

/** One failed rule of a schema, as Ajv reports it. */
interface SchemaFault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

const titles: Readonly<Record<ErrorCode, string>> = {
  bad_request: 'The request cannot be read',
  unauthenticated: 'Sign in first',
  forbidden: 'Not allowed',
  blocked: 'This person does not take messages from you',
  not_author: "Only a message's author may do this",
  not_found: 'Not found',
  method_not_allowed: 'This method is not for this address',
  conflict: 'Somebody else changed it at the same time',
  uuid_reused: 'This uuid names another message',
  handle_taken: 'This handle is taken',
  body_too_large: 'The body is too large',
  unsupported_media_type: 'Send JSON',
  invalid_field: 'A field is not valid',
  invalid_cursor: 'The cursor is not valid',
  clock_ahead: "The uuid's time is ahead of the server's clock",
  uuid_expired: "The uuid's time is too long ago",
  seq_out_of_range: 'No such place in the conversation',
  group_full: 'The group is full',
  not_a_group: 'This is not a group',
  message_deleted: 'The message is deleted',
  too_many_reactions: 'The message has too many reactions',
  rate_limited: 'Too many requests',
  conversation_busy: 'The conversation is busy',
  overloaded: 'The server is busy',
  unavailable: 'Something the server needs does not answer',
  internal: 'The server failed',
};

/** Seconds to wait before asking again, where the failure names none. */
const retryAfterSecondsDefault = 1;

/** The body of the answer to a failure. */
export const problemOf = (error: ParleyError): Problem => ({
  ...error.extra,
  type: `urn:parley:problem:${error.code}`,
  title: titles[error.code],
  status: statusOf[error.code],
  detail: error.message,
  code: error.code,
  ...(error.fields.length > 0 && { errors: error.fields }),
});

const fieldFault = (field: string, message: string): ParleyError =>
  new ParleyError(field === 'cursor' ? 'invalid_cursor' : 'invalid_field', `${field}: ${message}`, {
    fields: [{ field, message }],
  });

const fieldOf = (fault: SchemaFault): string => {
  const { additionalProperty, missingProperty } = fault.params;
  const at = fault.instancePath.split('/').slice(1);
  if (typeof additionalProperty === 'string') at.push(additionalProperty);
  if (typeof missingProperty === 'string') at.push(missingProperty);
  return at.length === 0 ? 'body' : at.join('.').slice(0, 100);
};

const schemaFault = (fault: SchemaFault, context: string): ParleyError => {
  const field = fieldOf(fault);
  // What stands in a path names a thing; a name that cannot be is a thing that is not. An emoji is content.
  if (context === 'params' && field !== 'emoji')
    return new ParleyError('not_found', 'There is nothing at this address.');
  if (fault.keyword === 'additionalProperties') return fieldFault(field, 'is not a field of this request');
  if (fault.keyword === 'required') return fieldFault(field, 'is missing');
  return fieldFault(field, fault.message ?? 'is not valid');
};

const codeOfStatus = (status: number): ErrorCode => {
  // What stands in a path is longer than any name of a thing.
  if (status === 414) return 'not_found';
  if (status === 413) return 'body_too_large';
  if (status === 415) return 'unsupported_media_type';
  return status >= 400 && status < 500 ? 'bad_request' : 'internal';
};

const details: Partial<Record<ErrorCode, string>> = {
  body_too_large: 'A body may have 64 KB.',
  unsupported_media_type: 'Send the body as application/json.',
  not_found: 'There is nothing at this address.',
  bad_request: 'The request is malformed.',
};

/** What a thrown thing means to the user. Anything unforeseen is `internal`, and says nothing more. */
export const asParleyError = (error: unknown): ParleyError => {
  if (error instanceof ParleyError) return error;
  if (typeof error === 'object' && error !== null) {
    const { validation, validationContext, statusCode } = error as {
      validation?: readonly SchemaFault[];
      validationContext?: string;
      statusCode?: number;
    };
    const fault = validation?.[0];
    if (fault !== undefined) return schemaFault(fault, validationContext ?? 'body');
    const code = codeOfStatus(statusCode ?? 500);
    if (code !== 'internal')
      return new ParleyError(code, details[code] ?? 'The request is malformed.', { cause: error });
  }
  return new ParleyError('internal', 'The server failed; it has written down why.', { cause: error });
};

/** Where an error came from, without its message: a message may quote what the user wrote (SEC-7). */
export const traceOf = (error: unknown): Record<string, string> => {
  if (!(error instanceof Error)) return { thrown: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const { code } = error as { code?: unknown };
  return {
    error: error.name,
    ...(typeof code === 'string' && { error_code: code }),
    stack: frames.slice(0, 12).join('\n'),
    ...(error.cause instanceof Error && { cause: error.cause.name }),
  };
};

/** Answers of the contract are about one user at one moment: not to be kept, not to be run, not to be framed. */
const answerHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Sets what every answer of the contract has, and the name of its request. */
export const markAnswer = (request: FastifyRequest, reply: FastifyReply): void => {
  reply.headers(answerHeaders);
  reply.header('x-request-id', request.id);
};

/** Answers with the problem document; a failure of ours is written to the log, and what could not be served is noted. */
export const replyWithProblem = (
  request: FastifyRequest,
  reply: FastifyReply,
  thrown: unknown,
  noteRefusal?: NoteRefusal,
): FastifyReply => {
  const error = asParleyError(thrown);
  const status = statusOf[error.code];
  // Once more for those that belong to no route: a missing address and a wrong method are kept by caches unless told otherwise.
  markAnswer(request, reply);
  if (error.code === 'internal') logFailure(request.log, request, error);
  else if (status >= 500) noteRefusal?.(error, whereOf(request));
  if (status === 503 || status === 429)
    reply.header('retry-after', String(error.retryAfterSeconds ?? retryAfterSecondsDefault));
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="parley"');
  return reply
    .code(status)
    .type(problemMediaType)
    .send(JSON.stringify(problemOf(error)));
};

const whereOf = (request: FastifyRequest): Refused => ({
  req_id: request.id,
  method: request.method,
  route: request.routeOptions.url ?? 'unknown',
});

const logFailure = (log: FastifyBaseLogger, request: FastifyRequest, error: ParleyError): void => {
  log.error({ ...whereOf(request), ...traceOf(error.cause ?? error) }, 'a request failed');
};
