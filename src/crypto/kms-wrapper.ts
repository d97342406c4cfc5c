/**
 * Key-encryption keys in AWS KMS, for production: data keys come from `GenerateDataKey` and go back through `Decrypt`, both
 * under the encryption context of their place; the key-encryption key itself never leaves KMS.
 *
 * KMS rotates the material of a key by itself and keeps its id: that needs nothing here. `rewrap` is for moving to another
 * key.
 */
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient, ReEncryptCommand } from '@aws-sdk/client-kms';
import { ParleyError } from '#domain/errors';
import { dataKeyBytes } from './jwe.ts';
import type { KeyWrapper, WrapContext, WrappedKey } from './key-wrapper.ts';

export interface KmsWrapperOptions {
  readonly client: KMSClient;
  /** The id or ARN of the key that new data keys are wrapped under. Not an alias: one can be pointed at another key. */
  readonly keyId: string;
  /** Keys that older data keys may still be under; a wrapping under any other key is refused. */
  readonly previousKeyIds?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What KMS takes for a blob at all: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html */
const wrappedBytesMax = 6_144;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** What KMS answers for a blob that is not of this context, is changed, or is under another key than the one named. */
const isWrongKey = (error: unknown): boolean =>
  ['InvalidCiphertextException', 'IncorrectKeyException'].includes(nameOf(error));

/** The key-encryption key is deleted for good. A disabled key, or one whose deletion is pending, may come back. */
const isGone = (error: unknown): boolean => nameOf(error) === 'NotFoundException';

const unavailable = (cause: unknown): ParleyError =>
  new ParleyError('unavailable', 'The key service cannot be reached.', { cause, retryAfterSeconds: 1 });

/** Takes over a key's bytes: copies them into a buffer that can be zeroed, and zeroes what it was given. */
const ownBytes = (bytes: Uint8Array | undefined): Buffer | undefined => {
  if (bytes?.length !== dataKeyBytes) return undefined;
  const own = Buffer.alloc(dataKeyBytes);
  own.set(bytes);
  bytes.fill(0);
  return own;
};

/** Throws a sentence for the operator when a key is named by an alias. */
export const createKmsWrapper = (options: KmsWrapperOptions): KeyWrapper => {
  const { client, keyId, now } = options;
  const known = [keyId, ...(options.previousKeyIds ?? [])];
  for (const id of known)
    if (/(^|:)alias\//.test(id))
      throw new Error(`KMS_KEY_ID must name a key by its id or ARN, not by the alias ${id}.`);

  const within = (deadline: number): { abortSignal: AbortSignal } => ({
    abortSignal: AbortSignal.timeout(Math.max(1, Math.min(deadline - now(), 60_000))),
  });
  const contextOf = ({ author, conversation, table }: WrapContext): Record<string, string> => ({
    author,
    conversation,
    table,
  });

  /** Tries the keys that a wrapping may be under, the one it says first. What it says is stored, so it is only a hint. */
  const underEach = async <T>(
    key: WrappedKey,
    call: (id: string) => Promise<T>,
  ): Promise<T | 'wrong_key' | 'key_gone'> => {
    // KMS would call the request invalid, which is not told from a request that could not be served.
    if (key.wrapped.length === 0 || key.wrapped.length > wrappedBytesMax) return 'wrong_key';
    const ids = known.includes(key.kek) ? [key.kek, ...known.filter((id) => id !== key.kek)] : known;
    let gone = false;
    for (const id of ids)
      try {
        return await call(id);
      } catch (error) {
        if (isGone(error)) gone = true;
        else if (!isWrongKey(error)) throw unavailable(error);
      }
    return gone ? 'key_gone' : 'wrong_key';
  };

  const unwrap: KeyWrapper['unwrap'] = (context, key, deadline) =>
    underEach(key, async (id) => {
      const command = new DecryptCommand({
        CiphertextBlob: key.wrapped,
        KeyId: id,
        EncryptionContext: contextOf(context),
      });
      const plain = ownBytes((await client.send(command, within(deadline))).Plaintext);
      return plain ?? 'wrong_key';
    });

  return {
    newestKek: async () => keyId,

    async generate(context, deadline) {
      const command = new GenerateDataKeyCommand({
        KeyId: keyId,
        KeySpec: 'AES_256',
        EncryptionContext: contextOf(context),
      });
      const made = await client.send(command, within(deadline)).catch((error: unknown) => {
        throw unavailable(error);
      });
      const plain = ownBytes(made.Plaintext);
      if (plain === undefined || made.CiphertextBlob === undefined)
        throw unavailable(new Error('KMS gave no data key'));
      return { plain, wrapped: made.CiphertextBlob, kek: keyId };
    },

    unwrap,

    async rewrap(context, key, deadline) {
      const next = await underEach(key, async (id) => {
        const command = new ReEncryptCommand({
          CiphertextBlob: key.wrapped,
          SourceKeyId: id,
          SourceEncryptionContext: contextOf(context),
          DestinationKeyId: keyId,
          DestinationEncryptionContext: contextOf(context),
        });
        const wrapped = (await client.send(command, within(deadline))).CiphertextBlob;
        if (wrapped === undefined) throw new Error('KMS gave no wrapping');
        return { wrapped, kek: keyId };
      });
      if (next !== 'key_gone') return next;
      // ReEncrypt does not say which of its two keys is not there. If this one still unwraps, it is the new one.
      const plain = await unwrap(context, key, deadline);
      if (typeof plain === 'string') return plain;
      plain.fill(0);
      throw unavailable(new Error(`KMS has no key ${keyId}`));
    },
  };
};
