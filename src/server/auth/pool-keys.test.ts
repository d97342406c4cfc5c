/** [SEC-1] When a pool's keys are fetched, and what a token is told meanwhile. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { ParleyError } from '#domain/errors';
import { createCognitoVerifier } from './cognito.ts';

const userPoolId = 'eu-central-1_AbCdEf123';
const clientId = 'client123';
const sub = '0712907a-9111-4de1-82a2-8dc3dc1d36c0';
const second = 1_000;

const createWorld = async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), use: 'sig', alg: 'RS256', kty: 'RSA' };
  const world = { now: 0, fetches: 0, kids: ['one'], answer: 'keys' as 'keys' | 'nothing' | 'a page' };
  const fetch = async (): Promise<ArrayBuffer> => {
    world.fetches += 1;
    if (world.answer === 'nothing') throw new Error('no network');
    const text =
      world.answer === 'keys' ? JSON.stringify({ keys: world.kids.map((kid) => ({ ...jwk, kid })) }) : '<html></html>';
    return new TextEncoder().encode(text).buffer as ArrayBuffer;
  };
  const verify = createCognitoVerifier({ userPoolId, clientId }, { fetch }, () => world.now);
  /** What a token signed with a key of this name is told. */
  const told = async (kid: string): Promise<string> => {
    const token = await new SignJWT({ client_id: clientId, token_use: 'access', username: 'ada' })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setSubject(sub)
      .setIssuer(`https://cognito-idp.eu-central-1.amazonaws.com/${userPoolId}`)
      .setExpirationTime('1h')
      .sign(privateKey);
    return verify(token).then(
      () => 'served',
      (error: unknown) => (error instanceof ParleyError ? error.code : String(error)),
    );
  };
  return Object.assign(world, { told });
};

test('[SEC-1] a key that a fetch did not have is refused, and not asked for again at once', async () => {
  const world = await createWorld();
  expect(await world.told('one')).toBe('served');
  expect(await world.told('made-up')).toBe('unauthenticated');
  for (let n = 0; n < 20; n += 1) expect(await world.told(`made-up-${n}`)).toBe('unauthenticated');
  expect(await Promise.all([1, 2, 3].map((n) => world.told(`at-once-${n}`)))).toEqual(
    Array.from({ length: 3 }, () => 'unauthenticated'),
  );
  expect(world.fetches).toBe(1);
});

test('[SEC-6] however many made-up keys are named, they cost a fetch in ten seconds, and valid tokens nothing', async () => {
  const world = await createWorld();
  for (let n = 0; n < 120; n += 1) {
    expect(await world.told(`made-up-${n}`)).toBe('unauthenticated');
    expect(await world.told('one')).toBe('served');
    world.now += second / 2;
  }
  expect(world.fetches).toBe(6);
});

test('[SEC-1] a new key is found in ten seconds, also while made-up ones are named', async () => {
  const world = await createWorld();
  expect(await world.told('made-up')).toBe('unauthenticated');
  world.kids = ['one', 'two'];
  world.now += 10 * second;
  expect(await world.told('made-up')).toBe('unauthenticated');
  expect(await world.told('two')).toBe('served');
  expect(world.fetches).toBe(2);
});

test.each(['nothing', 'a page'] as const)(
  '[SEC-1] where the keys cannot be had (%s) that is said, at the price of a fetch a second; known ones serve',
  async (answer) => {
    const world = await createWorld();
    world.answer = answer;
    for (let n = 0; n < 10; n += 1) expect(await world.told('one')).toBe('unavailable');
    expect(world.fetches).toBe(1);
    world.answer = 'keys';
    world.now += second;
    expect(await world.told('one')).toBe('served');
    world.answer = answer;
    world.now += 10 * second;
    expect(await world.told('two')).toBe('unavailable');
    expect(await world.told('three')).toBe('unavailable');
    expect(await world.told('one')).toBe('served');
    expect(world.fetches).toBe(3);
  },
);
