/** What the server says about itself before anybody is signed in. */

/** People come from the server's own issuer, which is there for development and for the embedded start only. */
interface EmbeddedSignIn {
  readonly sign_in: 'embedded';
  readonly people: readonly { readonly handle: string; readonly display_name: string }[];
}

/** People come from a hosted sign-in page (authorization code with PKCE). */
export interface HostedSignIn {
  readonly sign_in: 'cognito';
  readonly authorize_url: string;
  readonly token_url: string;
  readonly logout_url: string;
  readonly client_id: string;
  readonly scopes: readonly string[];
}

export type Config = (EmbeddedSignIn | HostedSignIn) & { readonly lens: boolean };

/** Rejects when the server cannot be reached or answers something else. */
export async function fetchConfig(): Promise<Config> {
  const response = await fetch('/v1/config', { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()) as Config;
}
