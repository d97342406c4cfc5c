/** The service with a user pool in the place of the local sign-in: the pool's tokens, and people seen for the first time. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCognitoVerifier } from '#server/auth/cognito';
import { type Rig, startRig } from './rig.ts';

const userPoolId = 'eu-central-1_AbCdEf123';
const clientId = 'client123';

let rig: Rig;
let tokenOf: (sub: string, username: string) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', use: 'sig', alg: 'RS256', kty: 'RSA' };
  tokenOf = (sub, username) =>
    new SignJWT({ token_use: 'access', client_id: clientId, username })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setSubject(sub)
      .setIssuer(`https://cognito-idp.eu-central-1.amazonaws.com/${userPoolId}`)
      .setExpirationTime('1h')
      .sign(privateKey);
  rig = await startRig({ verify: createCognitoVerifier({ userPoolId, clientId, jwks: { keys: [jwk] } }) });
});

afterAll(() => rig.close());

const ada = '0712907a-9111-4de1-82a2-8dc3dc1d36c0';
const other = '199fd534-368c-4888-b136-4c7af6c5deea';

test('[USER-1] whoever the pool vouches for exists from their first request on, once, under the name they have there', async () => {
  const token = await tokenOf(ada, 'Ada@example.org');
  const both = await Promise.all([1, 2, 3].map(() => rig.ask('GET', '/v1/me', { token })));
  expect(both.map((answer) => answer.status)).toEqual([200, 200, 200]);
  expect(both[0]?.body).toMatchObject({ uuid: ada, handle: 'ada' });
});

test('[USER-1] [USER-2] a name that is taken gets a suffix', async () => {
  const answer = await rig.ask('GET', '/v1/me', { token: await tokenOf(other, 'ada') });
  expect(answer.status).toBe(200);
  expect(answer.body.handle).toMatch(/^ada_\d+$/);
});

test('[SEC-1] a token of the local issuer is nothing here', async () => {
  const { access_token } = await rig.issuer.issue(ada as Parameters<typeof rig.issuer.issue>[0]);
  expect((await rig.ask('GET', '/v1/me', { token: access_token })).status).toBe(401);
});
