/**
 * Where credentials come from: the SDK's own chain (environment, profile, SSO, web identity, container and instance roles),
 * which keeps what it found, fetches again five minutes before it expires, and is loaded only when it is needed.
 */
import type { Credentials } from './sigv4.ts';

/** The credentials to sign the next request with. `forceRefresh`: those given last were refused as expired. */
export type CredentialProvider = (options?: { readonly forceRefresh?: boolean }) => Promise<Credentials>;

const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]']);

/** True for a server on this machine, which checks no signature and keeps no secret. */
const isLoopback = (endpoint: URL): boolean => loopbackHosts.has(endpoint.hostname);

/** The chain of the SDK, whatever is signed for. */
export const chainCredentials = (): CredentialProvider => {
  let chain: Promise<CredentialProvider> | undefined;
  return async (options) => {
    chain ??= import('@aws-sdk/credential-provider-node').then(({ defaultProvider }) => defaultProvider());
    return (await chain)(options);
  };
};

/**
 * The chain of the SDK; but for a server on this machine the environment's key or the word `local`, so that no instance
 * role is looked for where there is none. DynamoDB Local keeps a database per access key unless told to share one.
 */
export const defaultCredentials = (endpoint: URL): CredentialProvider => {
  if (isLoopback(endpoint)) {
    const credentials = {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? 'local',
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? 'local',
    };
    return () => Promise.resolve(credentials);
  }
  return chainCredentials();
};
