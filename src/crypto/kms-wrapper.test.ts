import { KMSClient } from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { place, rigOver, startOfTime } from '../../test/crypto/rig.ts';
import { type KmsStandin, startKms } from '../../test/support/kms-standin.ts';
import { rewrapKeys } from './key-lifecycle.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import { createKmsWrapper } from './kms-wrapper.ts';

const context = { author: 'a', conversation: 'c', table: 't' };
const [oldKey, newKey, otherKey] = ['11111111-old', '22222222-new', '33333333-other'] as const;
const now = (): number => startOfTime;
const soon = (): number => startOfTime + 5_000;

let kms: KmsStandin;
let client: KMSClient;
beforeEach(async () => {
  kms = await startKms([oldKey, newKey, otherKey]);
  client = new KMSClient({
    region: 'eu-west-1',
    endpoint: kms.endpoint,
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    maxAttempts: 1,
  });
});
afterEach(async () => {
  client.destroy();
  await kms.close();
});

const wrapperUnder = (keyId: string, ...previousKeyIds: string[]): KeyWrapper =>
  createKmsWrapper({ client, keyId, previousKeyIds, now });

describe('data keys under AWS KMS', () => {
  test('[SEC-2] every request carries the conversation, the author and the table as its encryption context', async () => {
    const wrapper = wrapperUnder(oldKey);
    const made = await wrapper.generate(context, soon());
    expect(made.plain).toHaveLength(32);
    expect(await wrapper.unwrap(context, made, soon())).toEqual(made.plain);
    expect(kms.calls).toEqual([
      { operation: 'GenerateDataKey', context },
      { operation: 'Decrypt', context },
    ]);
  });

  test('[SEC-2] in another context, changed, or under a key that is not ours, a data key does not unwrap', async () => {
    const wrapper = wrapperUnder(oldKey);
    const made = await wrapper.generate(context, soon());
    for (const other of [
      { ...context, author: 'b' },
      { ...context, conversation: 'd' },
      { ...context, table: 'u' },
    ])
      expect(await wrapper.unwrap(other, made, soon())).toBe('wrong_key');
    const wrapped = Uint8Array.from(made.wrapped, (octet, n) => (n === made.wrapped.length - 1 ? octet ^ 1 : octet));
    expect(await wrapper.unwrap(context, { ...made, wrapped }, soon())).toBe('wrong_key');
    const planted = await wrapperUnder(otherKey).generate(context, soon());
    expect(await wrapper.unwrap(context, planted, soon())).toBe('wrong_key');
  });

  test.each([0, 6_145, 300_000])(
    '[SEC-3] a wrapping of %d bytes, which KMS takes for none, is the wrong key of one text and no outage',
    async (length) => {
      const wrapper = wrapperUnder(oldKey);
      const planted = { wrapped: new Uint8Array(length), kek: oldKey };
      expect(await wrapper.unwrap(context, planted, soon())).toBe('wrong_key');
      expect(await wrapper.rewrap(context, planted, soon())).toBe('wrong_key');
      expect(kms.calls).toEqual([]);
    },
  );

  test('[SEC-2] moving to another KMS key: old keys unwrap, and are wrapped anew without their plain text', async () => {
    const made = await wrapperUnder(oldKey).generate(context, soon());
    const wrapper = wrapperUnder(newKey, oldKey);
    expect(await wrapper.unwrap(context, made, soon())).toEqual(made.plain);
    kms.calls.length = 0;
    const anew = await wrapper.rewrap(context, made, soon());
    if (typeof anew === 'string') throw new TypeError(anew);
    expect(kms.calls).toEqual([{ operation: 'ReEncrypt', context }]);
    kms.deleteKey(oldKey);
    expect(await wrapper.unwrap(context, anew, soon())).toEqual(made.plain);
    expect(await wrapper.unwrap(context, made, soon())).toBe('key_gone');
    expect(await wrapper.rewrap(context, made, soon())).toBe('key_gone');
  });

  test('[SEC-2] a new key that does not exist is the operator’s mistake, not the loss of a data key', async () => {
    const made = await wrapperUnder(oldKey).generate(context, soon());
    const wrapper = wrapperUnder('44444444-typo', oldKey);
    await expect(wrapper.rewrap(context, made, soon())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(wrapper.generate(context, soon())).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('[SEC-2] an alias is refused: it can be pointed at another key', () => {
    for (const alias of ['alias/parley', 'arn:aws:kms:eu-west-1:111122223333:alias/parley'])
      expect(() => wrapperUnder(alias)).toThrow('alias');
  });

  test.each([
    { status: 400, type: 'DisabledException' },
    { status: 400, type: 'KMSInvalidStateException' },
    { status: 400, type: 'AccessDeniedException' },
    { status: 400, type: 'ThrottlingException' },
    { status: 500, type: 'KMSInternalException' },
  ])('[NET-2] $type is unavailable, and passes', async (fault) => {
    const wrapper = wrapperUnder(oldKey);
    const made = await wrapper.generate(context, soon());
    kms.failWith(fault);
    await expect(wrapper.unwrap(context, made, soon())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(wrapper.generate(context, soon())).rejects.toMatchObject({ code: 'unavailable' });
    kms.failWith(undefined);
    expect(await wrapper.unwrap(context, made, soon())).toEqual(made.plain);
  });

  test('[NET-2] a KMS that is away is unavailable', async () => {
    const wrapper = wrapperUnder(oldKey);
    await kms.close();
    await expect(wrapper.generate(context, soon())).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a sealer over KMS', () => {
  test('[SEC-2] a page costs one call to KMS for each author, whoever else asks', async () => {
    const rig = rigOver(wrapperUnder(oldKey));
    const { sealer } = rig.node();
    const items = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const at = place(n + 1, n % 2);
        return { place: at, sealed: await sealer.seal(at, `text ${n}`) };
      }),
    );
    expect(kms.calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'GenerateDataKey']);
    expect(kms.calls[1]?.context).toEqual({
      author: place(1, 1).author,
      conversation: place(1).conversation,
      table: 'parley-keys',
    });
    kms.calls.length = 0;
    const reader = rig.node();
    const pages = await Promise.all([reader.sealer.open(items), reader.sealer.open(items)]);
    for (const page of pages) expect(page).toEqual(items.map((_, n) => ({ text: `text ${n}` })));
    expect(kms.calls.map(({ operation }) => operation)).toEqual(['Decrypt', 'Decrypt']);
  });

  test('[SEC-3] keys wrapped by another deployment, or under a KMS key deleted since, are unreadable with a reason', async () => {
    const rig = rigOver(wrapperUnder(oldKey));
    const sealed = await rig.node().sealer.seal(place(1), 'x');
    const elsewhere = rigOver(wrapperUnder(otherKey));
    for (const item of (await rig.table.scan({})).items) await elsewhere.table.put({ item });
    expect(await elsewhere.node().sealer.open([{ place: place(1), sealed }])).toEqual([{ unreadable: 'wrong_key' }]);
    kms.deleteKey(oldKey);
    expect(await rig.node().sealer.open([{ place: place(1), sealed }])).toEqual([{ unreadable: 'key_gone' }]);
  });

  test('[SEC-2] after a whole walk of wrapping anew, the old KMS key can be deleted', async () => {
    const rig = rigOver(wrapperUnder(oldKey));
    const sealed = await rig.node().sealer.seal(place(1), 'x');
    const wrapper = wrapperUnder(newKey, oldKey);
    expect(await rewrapKeys(rig.table, wrapper, { deadline: soon() })).toEqual({
      seen: 1,
      rewrapped: 1,
      unreadable: 0,
    });
    expect(await rewrapKeys(rig.table, wrapper, { deadline: soon() })).toEqual({
      seen: 1,
      rewrapped: 0,
      unreadable: 0,
    });
    kms.deleteKey(oldKey);
    expect(await rig.node({ wrapper }).sealer.open([{ place: place(1), sealed }])).toEqual([{ text: 'x' }]);
  });
});
