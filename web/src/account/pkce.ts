/** The authorization code flow with proof key (RFC 7636), in the page: no secret, no library. */
import type { HostedSignIn } from './config.ts';

/** Kept only while the browser is away at the sign-in page. */
const pendingKey = 'parley.sign-in';

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_at_ms: number;
}

/** The provider's own refusal (RFC 6749, 5.2): what was shown to it is of no use any more, and no repetition changes that. */
export class Refusal extends Error {}

const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const randomText = (): string => base64Url(crypto.getRandomValues(new Uint8Array(32)));

const redirectUri = (): string => `${location.origin}/`;

/** Leaves for the sign-in page; the address to come back to is remembered. */
export async function leaveToSignIn(config: HostedSignIn): Promise<void> {
  const verifier = randomText();
  const state = randomText();
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  sessionStorage.setItem(pendingKey, JSON.stringify({ verifier, state, path: location.pathname }));
  const url = new URL(config.authorize_url);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: config.client_id,
    redirect_uri: redirectUri(),
    scope: config.scopes.join(' '),
    state,
    code_challenge: base64Url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
  }).toString();
  location.assign(url);
}

/** Ends the provider's own session too, so that the next person at this machine has to sign in. */
export function leaveToSignOut(config: HostedSignIn): void {
  const url = new URL(config.logout_url);
  url.search = new URLSearchParams({ client_id: config.client_id, logout_uri: redirectUri() }).toString();
  location.assign(url);
}

async function requestTokens(config: HostedSignIn, body: Record<string, string>): Promise<Tokens> {
  const response = await fetch(config.token_url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: config.client_id, ...body }),
  });
  if (!response.ok) {
    const said = `the identity provider answered ${response.status}`;
    throw response.status === 400 || response.status === 401 ? new Refusal(said) : new Error(said);
  }
  const answer = (await response.json()) as { access_token: string; refresh_token?: string; expires_in: number };
  const refresh = answer.refresh_token ?? body.refresh_token;
  return {
    access_token: answer.access_token,
    ...(refresh === undefined ? {} : { refresh_token: refresh }),
    expires_at_ms: Date.now() + answer.expires_in * 1_000,
  };
}

/**
 * Finishes a sign-in when the address carries its code, and clears the address. Undefined when there is none. Rejects when
 * the state is not the one this tab left with: somebody else's code must not sign anybody in.
 */
export async function returnFromSignIn(config: HostedSignIn): Promise<Tokens | undefined> {
  const query = new URLSearchParams(location.search);
  const code = query.get('code');
  const refused = query.get('error_description') ?? query.get('error');
  if (code === null && refused === null) return undefined;
  const stored = sessionStorage.getItem(pendingKey);
  sessionStorage.removeItem(pendingKey);
  const pending =
    stored === null ? undefined : (JSON.parse(stored) as { verifier: string; state: string; path: string });
  history.replaceState(null, '', pending?.path ?? '/');
  if (refused !== null) throw new Error(refused);
  if (code === null || pending === undefined || pending.state !== query.get('state')) {
    throw new Error('this sign-in was not started here');
  }
  return requestTokens(config, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri(),
    code_verifier: pending.verifier,
  });
}

export const refreshTokens = (config: HostedSignIn, refreshToken: string): Promise<Tokens> =>
  requestTokens(config, { grant_type: 'refresh_token', refresh_token: refreshToken });
