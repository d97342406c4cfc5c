/**
 * Key-encryption keys in files of this machine, for the embedded default. Not for production: whoever copies the data
 * folder has the keys with the data.
 *
 * Each generation is a file of its own, `kek-000001.json` and on, created once and never changed, so that two processes
 * that start or rotate at the same moment end with the same keys and none is lost.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { dataKeyBytes } from './jwe.ts';
import type { KeyWrapper, WrapContext, WrappedKey } from './key-wrapper.ts';

/** Of a key-encryption key: AES-256. */
const kekBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const fileShape = /^(kek-\d{6})\.json$/;

export interface LocalWrapperOptions {
  /** Where the key files are; made (mode 0700) when it is not there. */
  readonly folder: string;
  /** `process.env.NODE_ENV`: in production the local keys are refused. */
  readonly nodeEnv: string | undefined;
}

export interface LocalKeyWrapper extends KeyWrapper {
  /** Makes a new key-encryption key, which new data keys are wrapped under from now on. Returns its name. */
  rotate(): Promise<string>;
}

/** The additional data of a wrapping: canonical JSON (RFC 8785), the members in order. */
const contextBytes = (context: WrapContext, kek: string): Buffer =>
  Buffer.from(
    JSON.stringify({ author: context.author, conversation: context.conversation, kek, table: context.table }),
    'utf8',
  );

const wrapUnder = (kek: KeyObject, name: string, context: WrapContext, plain: Buffer): WrappedKey => {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', kek, iv);
  cipher.setAAD(contextBytes(context, name));
  const ciphertext = cipher.update(plain);
  cipher.final();
  return { wrapped: Buffer.concat([iv, ciphertext, cipher.getAuthTag()]), kek: name };
};

const unwrapUnder = (kek: KeyObject, context: WrapContext, key: WrappedKey): Buffer | 'wrong_key' => {
  const { buffer, byteOffset, byteLength } = key.wrapped;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  if (bytes.length !== ivBytes + dataKeyBytes + tagBytes) return 'wrong_key';
  const decipher = createDecipheriv('aes-256-gcm', kek, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
  decipher.setAAD(contextBytes(context, key.kek));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  const plain = decipher.update(bytes.subarray(ivBytes, -tagBytes));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    return 'wrong_key';
  }
  return plain;
};

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Undefined when it is no JSON: a parser's own words might quote the key. */
const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A key file, or its place, is not to be used; the message is a sentence for the operator. */
export class KeyFileError extends Error {}

/** Reads one key file, and refuses one that somebody else could read or that is not a plain file. */
const readKeyFile = async (path: string): Promise<KeyObject> => {
  // No link is followed: the mode that is checked is the mode of what is read.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new KeyFileError(`The key file ${path} is not a plain file.`);
    if ((stat.mode & 0o077) !== 0)
      throw new KeyFileError(`The key file ${path} can be read by others; change its mode to 0600 (chmod 600).`);
    const value = jsonIn(await file.readFile('utf8'));
    if (typeof value === 'object' && value !== null && 'version' in value && 'key' in value)
      if (value.version === 1 && typeof value.key === 'string') {
        const key = Buffer.from(value.key, 'base64url');
        if (key.length === kekBytes) return createSecretKey(key);
      }
    throw new KeyFileError(`The key file ${path} does not hold a key.`);
  } finally {
    await file.close();
  }
};

/** Writes a key file whole or not at all. False: there is one of that name already. */
const createKeyFile = async (folder: string, name: string): Promise<boolean> => {
  const draft = join(folder, `.draft-${randomBytes(8).toString('hex')}`);
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ version: 1, key: randomBytes(kekBytes).toString('base64url') })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, join(folder, `${name}.json`));
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(draft);
  }
  // The name is durable before any data key is wrapped under the key.
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return true;
};

const nameOf = (generation: number): string => `kek-${String(generation).padStart(6, '0')}`;
const generationOf = (name: string): number => Number(name.slice('kek-'.length));

/** Rejects with a KeyFileError when the files must not be used. */
export const createLocalWrapper = async (options: LocalWrapperOptions): Promise<LocalKeyWrapper> => {
  const { folder, nodeEnv } = options;
  if (nodeEnv === 'production')
    throw new KeyFileError('A local key file is refused when NODE_ENV is production; set KMS_KEY_ID.');
  const keks = new Map<string, KeyObject>();
  let newest = '';

  const load = async (): Promise<void> => {
    for (const entry of await readdir(folder)) {
      const name = fileShape.exec(entry)?.[1];
      if (name !== undefined && !keks.has(name)) keks.set(name, await readKeyFile(join(folder, entry)));
    }
    newest = [...keks.keys()].sort().at(-1) ?? '';
  };

  const addGeneration = async (): Promise<string> => {
    const name = nameOf(newest === '' ? 1 : generationOf(newest) + 1);
    await createKeyFile(folder, name);
    await load();
    return name;
  };

  await mkdir(folder, { recursive: true, mode: 0o700 });
  await load();
  if (newest === '') await addGeneration();

  /** Another process may have made a newer one since. */
  const kekMadeSince = async (name: string): Promise<KeyObject | undefined> => {
    await load();
    return keks.get(name);
  };

  const newestKey = (): KeyObject => {
    const kek = keks.get(newest);
    if (kek === undefined) throw new TypeError('the newest key-encryption key is always loaded');
    return kek;
  };

  const unwrap: KeyWrapper['unwrap'] = async (context, key) => {
    const kek = keks.get(key.kek) ?? (await kekMadeSince(key.kek));
    return kek === undefined ? 'key_gone' : unwrapUnder(kek, context, key);
  };

  return {
    newestKek: async () => {
      await load();
      return newest;
    },
    async generate(context) {
      // A process that goes on with an older key would make data keys that a rotation under way has already passed by.
      await load();
      const plain = randomBytes(dataKeyBytes);
      return { plain, ...wrapUnder(newestKey(), newest, context, plain) };
    },
    unwrap,
    async rewrap(context, key, deadline) {
      const plain = await unwrap(context, key, deadline);
      if (typeof plain === 'string') return plain;
      const wrapped = wrapUnder(newestKey(), newest, context, plain);
      plain.fill(0);
      return wrapped;
    },
    async rotate() {
      await load();
      return addGeneration();
    },
  };
};
