/**
 * Where Valkey is and how one signs in there, out of two settings: `VALKEY_URL`, and `VALKEY_IAM_CACHE` for a serverless cache
 * of ElastiCache whose user signs in by IAM. Read by the server and by the fan-out's function.
 */

export interface ValkeyTarget {
  /** `redis://`, `rediss://`, `valkey://` or `valkeys://`, with user and password where there are any that last. */
  readonly url: string;
  /** Present: the password is a token, made anew by the role this process has. */
  readonly iam?: { readonly cache: string; readonly user: string; readonly region: string };
}

const protocols = ['redis:', 'rediss:', 'valkey:', 'valkeys:'];
const encrypted = ['rediss:', 'valkeys:'];
/** ElastiCache keeps names of caches and ids of users in lower case, and that is how they are signed. */
const namePattern = /^[a-z][a-z0-9-]{0,39}$/;

interface Settings {
  readonly url: string | undefined;
  readonly iamCache: string | undefined;
  readonly region: string | undefined;
}

const problemOf = ({ url, iamCache, region }: Settings): string | undefined => {
  if (url === undefined) {
    return iamCache === undefined
      ? undefined
      : 'VALKEY_IAM_CACHE is set, but VALKEY_URL does not say where the cache is.';
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !protocols.includes(parsed.protocol))
    return `VALKEY_URL is no address that begins with ${protocols.join('// or ')}//.`;
  if (iamCache === undefined) return undefined;
  if (!namePattern.test(iamCache))
    return `VALKEY_IAM_CACHE is "${iamCache}": give the name of the serverless cache, in lower case, not its address.`;
  if (region === undefined) return 'VALKEY_IAM_CACHE is set, but AWS_REGION does not say where the cache is.';
  if (!encrypted.includes(parsed.protocol))
    return 'VALKEY_IAM_CACHE is set, but VALKEY_URL is not encrypted: a token must not cross in clear, use rediss://.';
  if (parsed.password !== '')
    return 'VALKEY_IAM_CACHE is set, and VALKEY_URL holds a password: one signs in by IAM or by password, not by both.';
  if (!namePattern.test(decodeURIComponent(parsed.username)))
    return 'VALKEY_IAM_CACHE is set, but VALKEY_URL names no user in lower case: use rediss://<user>@<host>:6379.';
  return undefined;
};

/** The target the settings name; undefined when they name none; a sentence for a person when they are wrong. */
export const valkeyTarget = (
  settings: Settings,
): { readonly target: ValkeyTarget | undefined } | { readonly problem: string } => {
  const problem = problemOf(settings);
  if (problem !== undefined) return { problem };
  const { url, iamCache: cache, region } = settings;
  if (url === undefined || cache === undefined || region === undefined)
    return { target: url === undefined ? url : { url } };
  return { target: { url, iam: { cache, user: decodeURIComponent(new URL(url).username), region } } };
};
