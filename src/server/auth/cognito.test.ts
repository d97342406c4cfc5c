/** Tokens of a user pool, verified with a key set of our own in the place of the pool's. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { ParleyError } from '#domain/errors';
import { createCognitoVerifier, handleWish } from './cognito.ts';
import type { VerifyToken } from './verify.ts';

const userPoolId = 'eu-central-1_AbCdEf123';
const clientId = 'client123';
const issuer = `https://cognito-idp.eu-central-1.amazonaws.com/${userPoolId}`;
const sub = '0712907a-9111-4de1-82a2-8dc3dc1d36c0';

let verify: VerifyToken;
let sign: (claims: Record<string, unknown>, kid?: string, alg?: string) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', use: 'sig', alg: 'RS256', kty: 'RSA' };
  verify = createCognitoVerifier({ userPoolId, clientId, jwks: { keys: [jwk] } });
  sign = (claims, kid = 'one', alg = 'RS256') => {
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const right = { sub, iss: issuer, client_id: clientId, token_use: 'access', username: 'ada', exp, scope: 'openid' };
    return new SignJWT({ ...right, ...claims }).setProtectedHeader({ alg, kid }).sign(privateKey);
  };
});

const refusal = async (token: Promise<string> | string): Promise<string> => {
  try {
    await verify(await token);
  } catch (error) {
    return error instanceof ParleyError ? error.code : String(error);
  }
  return 'served';
};

describe('[SEC-1] access tokens of a user pool', () => {
  test('[USER-1] the subject is the user, and the user name their wish of a handle', async () => {
    const { user, expires, wish } = await verify(await sign({}));
    expect(user).toBe(sub);
    expect(expires).toBeGreaterThan(Date.now());
    expect(wish).toEqual({ handle: 'ada' });
  });

  test('another issuer, client, use, key or time is refused', async () => {
    expect(await refusal(sign({ iss: `${issuer}x` }))).toBe('unauthenticated');
    expect(await refusal(sign({ client_id: 'other' }))).toBe('unauthenticated');
    expect(await refusal(sign({ token_use: 'id' }))).toBe('unauthenticated');
    expect(await refusal(sign({ exp: 1_000_000_000 }))).toBe('unauthenticated');
    expect(await refusal(sign({ sub: 'ada' }))).toBe('unauthenticated');
    const { privateKey } = await generateKeyPair('RS256');
    const foreign = new SignJWT({ sub, iss: issuer, client_id: clientId, token_use: 'access', username: 'ada' })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setExpirationTime('1h')
      .sign(privateKey);
    expect(await refusal(foreign)).toBe('unauthenticated');
    expect(await refusal('abc')).toBe('unauthenticated');
  });

  test('handles come out of user names of every kind', () => {
    expect(handleWish('Ada.Lovelace@example.org', sub)).toBe('ada_lovelace');
    expect(handleWish(sub, sub)).toBe('user_0712907a');
    expect(handleWish('ä', sub)).toBe('user_0712907a');
    expect(handleWish('x'.repeat(60), sub)).toBe('x'.repeat(30));
  });
});
