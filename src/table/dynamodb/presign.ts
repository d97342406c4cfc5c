/**
 * A presigned GET to `/`, for services that take its address in place of a password:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (query parameters).
 */
import type { CredentialProvider } from './credentials.ts';
import { amzTimestamp, type Credentials, sha256Hex, signingKey, signWith } from './sigv4.ts';

export interface Presigning {
  readonly service: string;
  readonly region: string;
  /** Signed as the `host` header. */
  readonly host: string;
  readonly query: { readonly [name: string]: string };
  readonly expiresSeconds: number;
  readonly credentials: Credentials;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** As RFC 3986 has it: `encodeURIComponent` leaves five characters that a signature does not. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The address without its scheme: `host/?…&X-Amz-Signature=…`. */
export const presign = ({ service, region, host, query, expiresSeconds, credentials, at }: Presigning): string => {
  const timestamp = amzTimestamp(at);
  const day = timestamp.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const parameters = {
    ...query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': timestamp,
    'X-Amz-Expires': String(expiresSeconds),
    ...(credentials.sessionToken !== undefined && { 'X-Amz-Security-Token': credentials.sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  };
  // Sorted by code point as they stand encoded, which for ASCII is what `sort` does.
  const canonicalQuery = Object.entries(parameters)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonical = `GET\n/\n${canonicalQuery}\nhost:${host}\n\nhost\n${sha256Hex('')}`;
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`;
  const signature = signWith(signingKey(credentials.secretAccessKey, day, region, service), toSign);
  return `${host}/?${canonicalQuery}&X-Amz-Signature=${signature}`;
};

/** Presigns with what the credentials are by then. @param now milliseconds since the epoch. */
export const createPresigner =
  (credentials: CredentialProvider, now: () => number) =>
  async (request: Omit<Presigning, 'credentials' | 'at'>): Promise<string> =>
    presign({ ...request, credentials: await credentials(), at: now() });
