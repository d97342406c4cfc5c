/** What DynamoDB's error names mean for a caller: try again or not, and whether a write may have happened. */
import type { JsonObject } from './transport.ts';

/**
 * - `throttled`: refused for lack of capacity, nothing was done; try again.
 * - `passing`: the server's fault, a write may have been done; try again.
 * - `conflict`: refused because of another request on the item, nothing was done; try again.
 * - `credentials`: refused, with credentials that new ones may replace.
 * - `signature`: refused, perhaps because the clocks are apart.
 * - `condition`, `missing`, `refused`: final.
 */
export type FaultKind =
  | 'throttled'
  | 'passing'
  | 'conflict'
  | 'credentials'
  | 'signature'
  | 'condition'
  | 'missing'
  | 'refused';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html and the SDK's own lists. */
const kinds: ReadonlyMap<string, FaultKind> = new Map<string, FaultKind>([
  ['ProvisionedThroughputExceededException', 'throttled'],
  ['RequestLimitExceeded', 'throttled'],
  ['ThrottlingException', 'throttled'],
  ['ThrottledException', 'throttled'],
  ['Throttling', 'throttled'],
  ['TooManyRequestsException', 'throttled'],
  ['LimitExceededException', 'throttled'],
  ['TransactionConflictException', 'conflict'],
  ['TransactionInProgressException', 'conflict'],
  ['ReplicatedWriteConflictException', 'conflict'],
  ['InternalServerError', 'passing'],
  ['InternalFailure', 'passing'],
  ['ServiceUnavailable', 'passing'],
  ['RequestTimeout', 'passing'],
  ['RequestTimeoutException', 'passing'],
  ['ExpiredTokenException', 'credentials'],
  ['ExpiredToken', 'credentials'],
  ['AuthFailure', 'signature'],
  ['InvalidSignatureException', 'signature'],
  ['RequestExpired', 'signature'],
  ['RequestInTheFuture', 'signature'],
  ['RequestTimeTooSkewed', 'signature'],
  ['SignatureDoesNotMatch', 'signature'],
  ['ConditionalCheckFailedException', 'condition'],
  ['ResourceNotFoundException', 'missing'],
]);

/** Refusals of what is asked; any other, as of a right or an account, is of who asks. */
const ofTheRequest: ReadonlySet<string> = new Set([
  'ValidationException',
  'SerializationException',
  'ItemCollectionSizeLimitExceededException',
]);

/** Whether the service refused who asks, so that another request of theirs would be refused too. */
export const isDenied = (kind: FaultKind, name: string): boolean => kind === 'refused' && !ofTheRequest.has(name);

/** The error's name without its namespace, `com.amazonaws.dynamodb.v20120810#…`. */
export const errorName = (body: JsonObject): string => {
  const type = body.__type;
  return typeof type === 'string' ? type.slice(type.indexOf('#') + 1) : '';
};

/** What an answer of status 400 or more means; an unknown name goes by the status. */
export const faultKind = (status: number, name: string): FaultKind =>
  kinds.get(name) ?? (status === 429 ? 'throttled' : status >= 500 ? 'passing' : 'refused');

/** The server's sentence, under either spelling. */
export const errorMessage = (body: JsonObject): string => {
  const message = body.message ?? body.Message;
  return typeof message === 'string' ? message : '';
};
