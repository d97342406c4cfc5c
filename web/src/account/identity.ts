/** Who is signed in on this page, and the token that says so. */
import { ApiError } from '#client/failure';
import { createApi } from '#client/http';
import { platformRuntime } from '#client/runtime';
import { readStored, writeStored } from '../storage.ts';
import type { Config, HostedSignIn } from './config.ts';
import { leaveToSignOut, Refusal, refreshTokens, returnFromSignIn, type Tokens } from './pkce.ts';

/** One attempt of a call: long enough for a slow phone, short enough that a retry still helps. */
export const requestTimeoutMs = 15_000;
/** A token is renewed so long before it ends. */
const renewBeforeMs = 60_000;

export interface Identity {
  readonly token: (options?: { readonly refresh: boolean }) => Promise<string>;
  /** Forgets the tokens. True: the page is leaving for the provider's own sign-out. */
  readonly forget: () => boolean;
}

/** An api that asks for the token when it has one. */
export const apiFor = (token: Identity['token'], onUnauthenticated: () => void) =>
  createApi({ ...platformRuntime(), baseUrl: '', token, onUnauthenticated, timeoutMs: requestTimeoutMs });

const anonymous = apiFor(
  () => Promise.reject(new Error('nobody is signed in')),
  () => undefined,
);

interface EmbeddedKept {
  readonly handle: string;
  readonly token: string;
  readonly expires_at_ms: number;
}

const embeddedKey = 'embedded';
const tokensKey = 'tokens';

/** Signs in with the server's own issuer. */
async function signInEmbedded(handle: string, displayName?: string): Promise<EmbeddedKept> {
  const answer = await anonymous.signIn({
    handle,
    ...(displayName === undefined ? {} : { display_name: displayName }),
  });
  return {
    handle: answer.user.handle,
    token: answer.access_token,
    expires_at_ms: Date.now() + answer.expires_in * 1_000,
  };
}

/** A sample person, or a new one. By tab: two people can talk to each other in two tabs of one browser. */
export const signInAs = async (handle: string, displayName?: string): Promise<Identity> =>
  embeddedIdentity(await signInEmbedded(handle, displayName));

/** Nobody is signed in any more, though the page may still ask: to the transport this is the service's own refusal. */
const signedOut = (why: string): ApiError => new ApiError('unauthenticated', why, { status: 401 });

function embeddedIdentity(first: EmbeddedKept): Identity {
  let kept = first;
  let forgotten = false;
  /** For a reload of this tab; a renewal that ends after the sign-out brings nobody back. */
  const keep = (next: EmbeddedKept): void => {
    if (forgotten) throw signedOut('this tab has signed out');
    kept = next;
    writeStored(sessionStorage, embeddedKey, next);
  };
  keep(first);
  return {
    token: async (options) => {
      if (forgotten) throw signedOut('this tab has signed out');
      if (options?.refresh === true || kept.expires_at_ms - Date.now() < renewBeforeMs)
        keep(await signInEmbedded(kept.handle));
      return kept.token;
    },
    forget: () => {
      forgotten = true;
      writeStored(sessionStorage, embeddedKey, undefined);
      return false;
    },
  };
}

const isStored = (): boolean => readStored<Tokens>(localStorage, tokensKey) !== undefined;

function hostedIdentity(config: HostedSignIn, first: Tokens): Identity {
  let tokens = first;
  let renewing: Promise<Tokens> | undefined;
  const keep = (next: Tokens): Tokens => {
    tokens = next;
    writeStored(localStorage, tokensKey, next);
    return next;
  };
  keep(first);
  const stored = isStored();
  return {
    token: async (options) => {
      // Another tab has signed out for all of them.
      if (stored && !isStored()) throw signedOut('another tab has signed out');
      const ending = tokens.expires_at_ms - Date.now() < renewBeforeMs;
      if ((options?.refresh === true || ending) && tokens.refresh_token !== undefined) {
        // One renewal for all the calls that wait for it.
        renewing ??= refreshTokens(config, tokens.refresh_token)
          .then((next) => {
            if (stored && !isStored()) throw signedOut('another tab has signed out');
            return keep(next);
          })
          .catch((error: unknown) => {
            if (!(error instanceof Refusal)) throw error;
            writeStored(localStorage, tokensKey, undefined);
            throw signedOut(error.message);
          })
          .finally(() => {
            renewing = undefined;
          });
        await renewing;
      }
      return tokens.access_token;
    },
    forget: () => {
      writeStored(localStorage, tokensKey, undefined);
      leaveToSignOut(config);
      return true;
    },
  };
}

/** Who was signed in before a reload, or comes back from the sign-in page; undefined when nobody is. */
export async function resume(config: Config): Promise<Identity | undefined> {
  if (config.sign_in === 'embedded') {
    const kept = readStored<EmbeddedKept>(sessionStorage, embeddedKey);
    return kept === undefined ? undefined : embeddedIdentity(kept);
  }
  const tokens = (await returnFromSignIn(config)) ?? readStored<Tokens>(localStorage, tokensKey);
  return tokens === undefined ? undefined : hostedIdentity(config, tokens);
}
