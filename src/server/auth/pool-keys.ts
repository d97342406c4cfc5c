/**
 * The public keys of a user pool: fetched when a token names one that is not known, and no oftener than that can help. Whoever sends
 * tokens with made-up names of keys causes one fetch in `keysStandMs`, however many they send, and nobody else waits for it: keys that
 * were fetched are kept, whatever later fetches come to.
 */
import { KidNotFoundInJwksError } from 'aws-jwt-verify/error';
import type { Fetcher } from 'aws-jwt-verify/https';
import { isJwks, type JwksCache, SimpleJwksCache } from 'aws-jwt-verify/jwk';

/** A key that a fetch did not have is taken not to be there for so long; a pool shows a new one well before it signs with it. */
const keysStandMs = 10_000;
/** After a fetch that failed: short, since everybody may be waiting for it. */
const failedMs = 1_000;

/** The keys cannot be had just now, so that nothing can be told of the token. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** @param now milliseconds, of a clock that never goes back. */
export const createPoolKeys = (fetcher: Fetcher, now: () => number): JwksCache => {
  let last: { readonly at: number; readonly failure?: KeysUnavailable } | undefined;

  const fetch: Fetcher['fetch'] = async (uri) => {
    try {
      const bytes = await fetcher.fetch(uri);
      // An answer that holds no keys, as of a proxy on the way, is a failed fetch and no verdict on anybody's token.
      if (!isJwks(JSON.parse(new TextDecoder().decode(bytes)))) throw new TypeError('the answer holds no keys');
      last = { at: now() };
      return bytes;
    } catch (cause) {
      const failure = new KeysUnavailable('the keys cannot be fetched', { cause });
      last = { at: now(), failure };
      throw failure;
    }
  };

  return new SimpleJwksCache({
    fetcher: { fetch },
    penaltyBox: {
      // Asked before a fetch for a key that is not known; to throw is to fetch nothing.
      wait: async () => {
        if (last === undefined || now() - last.at >= (last.failure === undefined ? keysStandMs : failedMs)) return;
        throw last.failure ?? new KidNotFoundInJwksError('the keys were just fetched, and this one was not among them');
      },
      registerFailedAttempt: () => undefined,
      registerSuccessfulAttempt: () => undefined,
    },
  });
};
