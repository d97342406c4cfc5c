/**
 * A KMS for tests: an HTTP server that speaks the JSON protocol of GenerateDataKey, Decrypt and ReEncrypt, keeps to the
 * errors KMS documents, and enforces the encryption context with a real cipher.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

type Context = Readonly<Record<string, string>>;

/** The members of the requests used here. Blobs are base64. */
interface KmsRequest {
  readonly KeyId?: string;
  readonly KeySpec?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Context;
  readonly SourceKeyId?: string;
  readonly SourceEncryptionContext?: Context;
  readonly DestinationKeyId?: string;
  readonly DestinationEncryptionContext?: Context;
}

export interface KmsStandin {
  readonly endpoint: string;
  /** Each call answered or refused: its operation, and the context it came with. */
  readonly calls: { readonly operation: string; readonly context: Context | undefined }[];
  deleteKey(id: string): void;
  /** From now on each call gets this error, or none. */
  failWith(error: { readonly status: number; readonly type: string } | undefined): void;
  close(): Promise<void>;
}

/** KMS looks at no blob that is empty or longer: it is the request then that is not valid. */
const blobBytesMax = 6_144;

class KmsFault extends Error {
  readonly status: number;
  readonly type: string;
  constructor(type: string, status = 400) {
    super(type);
    this.type = type;
    this.status = status;
  }
}

const contextBytes = (context: Context = {}): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));

const arnOf = (id: string): string => `arn:aws:kms:eu-west-1:111122223333:key/${id}`;
const idIn = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

export const startKms = async (ids: readonly string[]): Promise<KmsStandin> => {
  const keys = new Map(ids.map((id) => [id, randomBytes(32)]));
  const calls: { operation: string; context: Context | undefined }[] = [];
  let failure: { readonly status: number; readonly type: string } | undefined;

  const keyNamed = (name: string | undefined): { id: string; key: Buffer } => {
    const id = idIn(name ?? '');
    const key = keys.get(id);
    if (key === undefined) throw new KmsFault('NotFoundException');
    return { id, key };
  };

  /** A blob: the key's id and a NUL, the IV, the ciphertext, the tag. */
  const encrypt = (name: string | undefined, plain: Buffer, context: Context | undefined): Buffer => {
    const { id, key } = keyNamed(name);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(contextBytes(context));
    return Buffer.concat([Buffer.from(`${id}\0`), iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };

  const decrypt = (blob: string | undefined, name: string | undefined, context: Context | undefined): Buffer => {
    const bytes = Buffer.from(blob ?? '', 'base64');
    if (bytes.length === 0 || bytes.length > blobBytesMax) throw new KmsFault('ValidationException');
    const end = bytes.indexOf(0);
    const { id, key } = keyNamed(name);
    if (end === -1 || bytes.length < end + 29) throw new KmsFault('InvalidCiphertextException');
    if (bytes.subarray(0, end).toString('latin1') !== id) throw new KmsFault('IncorrectKeyException');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(end + 1, end + 13))
      .setAAD(contextBytes(context))
      .setAuthTag(bytes.subarray(-16));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(end + 13, -16)), decipher.final()]);
    } catch {
      throw new KmsFault('InvalidCiphertextException');
    }
  };

  const answer = (operation: string, request: KmsRequest): object => {
    switch (operation) {
      case 'GenerateDataKey': {
        if (request.KeySpec !== 'AES_256') throw new KmsFault('ValidationException');
        const plain = randomBytes(32);
        const blob = encrypt(request.KeyId, plain, request.EncryptionContext);
        return {
          KeyId: arnOf(idIn(request.KeyId ?? '')),
          Plaintext: plain.toString('base64'),
          CiphertextBlob: blob.toString('base64'),
        };
      }
      case 'Decrypt': {
        const plain = decrypt(request.CiphertextBlob, request.KeyId, request.EncryptionContext);
        return { KeyId: arnOf(idIn(request.KeyId ?? '')), Plaintext: plain.toString('base64') };
      }
      case 'ReEncrypt': {
        const plain = decrypt(request.CiphertextBlob, request.SourceKeyId, request.SourceEncryptionContext);
        const blob = encrypt(request.DestinationKeyId, plain, request.DestinationEncryptionContext);
        return { KeyId: arnOf(idIn(request.DestinationKeyId ?? '')), CiphertextBlob: blob.toString('base64') };
      }
      default:
        throw new KmsFault('UnknownOperationException');
    }
  };

  const server = createServer((request, response) => {
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    };
    const handle = async (): Promise<void> => {
      const body = await bodyOf(request);
      const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
      if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256')) throw new KmsFault('MissingAuthentication');
      const members: KmsRequest = JSON.parse(body);
      calls.push({ operation, context: members.EncryptionContext ?? members.SourceEncryptionContext });
      if (failure !== undefined) throw new KmsFault(failure.type, failure.status);
      reply(200, answer(operation, members));
    };
    handle().catch((error: unknown) => {
      if (error instanceof KmsFault) reply(error.status, { __type: error.type, message: error.type });
      else reply(500, { __type: 'KMSInternalException', message: String(error) });
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;

  return {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    deleteKey: (id) => void keys.delete(id),
    failWith: (error) => {
      failure = error;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
};
