/**
 * Tokens for the embedded default: anybody on this machine may be anyone. The key pair is made at the start and never leaves
 * the process, so a restart signs everybody out. The configuration refuses it off the loopback and in production (SEC-1).
 */
import { type CryptoKey, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { type UserUuid, userUuid } from '#domain/ids';
import { unauthenticated, type VerifyToken } from './verify.ts';

export interface EmbeddedIssuer {
  readonly verify: VerifyToken;
  /** A new token of the user, and the seconds it holds. */
  readonly issue: (user: UserUuid) => Promise<{ readonly access_token: string; readonly expires_in: number }>;
}

const issuer = 'urn:parley:embedded';
const audience = 'parley';
const algorithm = 'EdDSA';
/** A working day: a browser signs in again by itself. */
const tokenSeconds = 12 * 3_600;

/** A key pair of the issuer's algorithm, made anew. */
export const makeIssuerKeys = (): Promise<{ readonly publicKey: CryptoKey; readonly privateKey: CryptoKey }> =>
  generateKeyPair(algorithm);

/** @param now milliseconds since the epoch. */
export const createEmbeddedIssuer = async (now: () => number, keys = makeIssuerKeys()): Promise<EmbeddedIssuer> => {
  const { publicKey, privateKey } = await keys;
  return {
    issue: async (user) => {
      const issuedAt = Math.floor(now() / 1_000);
      const access_token = await new SignJWT({ token_use: 'access' })
        .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
        .setSubject(user)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + tokenSeconds)
        .sign(privateKey);
      return { access_token, expires_in: tokenSeconds };
    },
    verify: async (token) => {
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: [algorithm],
        issuer,
        audience,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(now()),
      }).catch((error: unknown) => {
        throw unauthenticated('The token is not valid.', error);
      });
      const user = userUuid(payload.sub ?? '');
      if (user === undefined || payload.token_use !== 'access') throw unauthenticated('The token is not valid.');
      return { user, expires: (payload.exp ?? 0) * 1_000 };
    },
  };
};
