/**
 * One call, carried through: attempts, retries within the deadline, the clock's correction, and in the end an answer or one
 * `TableError` that says what is known of the outcome.
 *
 * A write is unknown once an attempt was sent and not answered (a time-out, a reset, a server's fault); a later attempt's
 * answer settles it only when that attempt succeeds. So `condition_failed` after such an attempt carries the outcome
 * `unknown`: what stands there, `item`, may be this very write, and the caller compares.
 */
import { type Outcome, TableError, type TableErrorCode } from '../errors.ts';
import type { Item } from '../port.ts';
import { backoffMs, createRetryQuota, defaultRetryPolicy, type RetryPolicy, retryCost } from '../retry.ts';
import { within } from '../within.ts';
import { type AttributeMap, decodeItem } from './codec.ts';
import { type CredentialProvider, defaultCredentials } from './credentials.ts';
import { errorMessage, errorName, type FaultKind, faultKind, isDenied } from './faults.ts';
import type { Credentials } from './sigv4.ts';
import { type Answer, createTransport, type JsonObject, TransportError } from './transport.ts';

/** How long a call may take that names no deadline. */
export const defaultCallMs = 5_000;
/** How long one attempt may take: hundreds of times what DynamoDB needs, and leaves room for a second one. */
const defaultAttemptMs = 1_500;
/** From this difference of the clocks on, a refused signature is put down to it, as the SDK does; AWS allows 5 minutes. */
const skewMs = 240_000;

/** An error answer of the service; the `cause` of the `TableError` it leads to. */
export class ServiceFault extends Error {
  readonly kind: FaultKind;
  readonly status: number;

  constructor(answer: Answer) {
    super(errorMessage(answer.body));
    this.name = errorName(answer.body) || `HTTP ${answer.status}`;
    this.kind = faultKind(answer.status, errorName(answer.body));
    this.status = answer.status;
  }
}

interface Call {
  /** For example `DynamoDB_20120810.PutItem`. */
  readonly target: string;
  readonly input: object;
  /** `once`: a write that must not be repeated after an unknown outcome, because it would then count twice. */
  readonly effect: 'read' | 'write' | 'once';
  readonly deadline?: number | undefined;
}

export interface CallerOptions {
  readonly endpoint: URL;
  readonly region: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly credentials?: CredentialProvider | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly attemptMs?: number | undefined;
}

export interface Caller {
  /** The answer's body; rejects with `TableError` only. */
  call(call: Call): Promise<JsonObject>;
  /** Refuses new calls, waits for those under way, closes the sockets. */
  close(): Promise<void>;
}

/** What one attempt came to. */
interface Failed {
  readonly fault: ServiceFault | TransportError;
  readonly kind: FaultKind;
  readonly mayHaveLanded: boolean;
  /** What a failed condition found. */
  readonly item?: Item | undefined;
}
type Attempted = { readonly answer: Answer } | Failed;

const judge = (answer: Answer): Attempted => {
  if (answer.status < 300) return { answer };
  const fault = new ServiceFault(answer);
  const stored = answer.body.Item as AttributeMap | undefined;
  const item = stored === undefined ? undefined : decodeItem(stored);
  return { fault, kind: fault.kind, mayHaveLanded: fault.kind === 'passing', item };
};

const codes = {
  condition: 'condition_failed',
  missing: 'no_such_table',
  throttled: 'throttled',
  conflict: 'throttled',
  passing: 'unavailable',
  credentials: 'unavailable',
  signature: 'unavailable',
  refused: 'invalid',
} as const satisfies { [kind in FaultKind]: TableErrorCode };

/** Everything that ends a call without an answer, as the port's closed list of errors. */
const toTableError = (operation: string, attempts: number, failed: Failed, landed: boolean): TableError => {
  const { fault, item } = failed;
  const code = codes[failed.kind];
  const said = `${operation}: ${fault.name}: ${fault.message} (${attempts} ${attempts === 1 ? 'attempt' : 'attempts'})`;
  // "Throttled" promises that nothing was written, which an earlier attempt may have made untrue.
  return new TableError(landed && code === 'throttled' ? 'unavailable' : code, said, {
    outcome: landed ? 'unknown' : 'none',
    item,
    denied: isDenied(failed.kind, fault.name),
    cause: fault,
  });
};

export const createCaller = (options: CallerOptions): Caller => {
  const { now, random, sleep } = options;
  const provide = options.credentials ?? defaultCredentials(options.endpoint);
  const policy = options.retry ?? defaultRetryPolicy;
  const attemptMs = options.attemptMs ?? defaultAttemptMs;
  const transport = createTransport(options.endpoint, options.region);
  const quota = createRetryQuota();
  const underWay = new Set<Promise<unknown>>();
  let clockOffset = 0;
  let closed = false;

  const getCredentials = async (
    operation: string,
    forceRefresh: boolean,
    deadline: number,
    outcome: Outcome,
  ): Promise<Credentials> => {
    try {
      // Whoever gives them may wait for a network of its own.
      return await within(deadline - now(), provide({ forceRefresh }));
    } catch (cause) {
      throw new TableError('unavailable', `${operation}: no credentials could be found`, { outcome, cause });
    }
  };

  const attempt = async (call: Call, body: string, credentials: Credentials, timeoutMs: number): Promise<Attempted> => {
    const at = now() + clockOffset;
    try {
      const answer = await transport.send({ target: call.target, body, credentials, at, timeoutMs });
      const attempted = judge(answer);
      if ('fault' in attempted && attempted.kind === 'signature') return correctClock(attempted, answer, at);
      return attempted;
    } catch (error) {
      if (error instanceof TransportError) return { fault: error, kind: 'passing', mayHaveLanded: error.sent };
      throw error;
    }
  };

  /** A signature refused while the clocks are apart may be tried again by the server's clock; any other is final. */
  const correctClock = (attempted: Failed, answer: Answer, at: number): Failed => {
    if (answer.serverTime === undefined || Math.abs(answer.serverTime - at) < skewMs) {
      return { ...attempted, kind: 'refused' };
    }
    clockOffset = answer.serverTime - now();
    return attempted;
  };

  const carryThrough = async (call: Call): Promise<JsonObject> => {
    const operation = call.target.slice(call.target.indexOf('.') + 1);
    const deadline = call.deadline ?? now() + defaultCallMs;
    const body = JSON.stringify(call.input);
    let landed = false;
    let refreshNext = false;
    let refreshed = false;
    let tokens = 0;
    for (let attempts = 1; ; attempts += 1) {
      const credentials = await getCredentials(operation, refreshNext, deadline, landed ? 'unknown' : 'none');
      refreshNext = false;
      const left = deadline - now();
      if (left <= 0 && attempts === 1) throw new TableError('unavailable', `${operation}: its deadline is past`);
      const attempted = await attempt(call, body, credentials, Math.max(1, Math.min(attemptMs, left)));
      if ('answer' in attempted) {
        quota.giveBack(tokens);
        return attempted.answer.body;
      }
      const { fault, kind } = attempted;
      landed ||= attempted.mayHaveLanded && call.effect !== 'read';
      const give = (): TableError => toTableError(operation, attempts, attempted, landed);

      if (kind === 'condition' || kind === 'missing' || kind === 'refused') throw give();
      if (kind === 'credentials' && refreshed) throw give();
      if (landed && call.effect === 'once') throw give();
      if (kind === 'credentials') {
        refreshNext = true;
        refreshed = true;
      }
      const cost = fault instanceof TransportError && fault.reason === 'timeout' ? retryCost.timeout : retryCost.fault;
      if (attempts >= policy.attemptsMax || !quota.take(cost)) throw give();
      tokens += cost;
      const waits = kind !== 'credentials' && kind !== 'signature';
      const delay = waits ? backoffMs(attempts, random, policy) : 0;
      if (now() + delay >= deadline) throw give();
      if (delay > 0) await sleep(delay);
    }
  };

  return {
    async call(call) {
      if (closed) throw new TableError('unavailable', 'the table is closed');
      const running = carryThrough(call);
      underWay.add(running);
      try {
        return await running;
      } finally {
        underWay.delete(running);
      }
    },
    async close() {
      closed = true;
      await Promise.allSettled(underWay);
      await transport.close();
    },
  };
};
