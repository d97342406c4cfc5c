/**
 * When to try again, and when to stop: full-jitter backoff and a quota of retries shared by every call of a client, after
 * the AWS SDKs' standard retry mode. The quota keeps a fleet from multiplying its load on a table that is down.
 */

export interface RetryPolicy {
  /** Attempts of one call, the first included. */
  readonly attemptsMax: number;
  /** The longest wait before the first retry, in milliseconds; it doubles with each further one. */
  readonly baseMs: number;
  /** No wait is longer than this. */
  readonly capMs: number;
}

/** Ten attempts from 25 ms, as the SDKs use for DynamoDB; the call's deadline is usually what ends them. */
export const defaultRetryPolicy: RetryPolicy = { attemptsMax: 10, baseMs: 25, capMs: 1_000 };

/**
 * Milliseconds to wait before retry `retry` (counted from 1): uniform in [0, min(cap, base · 2^(retry − 1))), the "full
 * jitter" of https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
 */
export const backoffMs = (retry: number, random: () => number, policy: RetryPolicy): number =>
  random() * Math.min(policy.capMs, policy.baseMs * 2 ** (retry - 1));

/** The SDKs' standard token bucket: 500 tokens, 5 a retry, 10 after a time-out; a success gives back what it took. */
const retryQuotaTokens = 500;
export const retryCost = { fault: 5, timeout: 10 } as const;

export interface RetryQuota {
  /** False when the quota is used up: the call is then to fail at once. */
  take(tokens: number): boolean;
  /** Called on success with what the call took; a call without retries gives back one token. */
  giveBack(tokens: number): void;
}

export const createRetryQuota = (tokens: number = retryQuotaTokens): RetryQuota => {
  let left = tokens;
  return {
    take(wanted) {
      if (wanted > left) return false;
      left -= wanted;
      return true;
    },
    giveBack(taken) {
      left = Math.min(tokens, left + Math.max(1, taken));
    },
  };
};
