/**
 * A serverless cache of ElastiCache for tests, as far as signing in goes: TLS in front of a real server, and tokens in place of
 * passwords. A token is checked as the service checks one, by making the same request with the SDK's own signer; it is good for
 * 15 minutes, and a connection ends 12 hours after its last `AUTH`, by a clock that the test moves.
 */
import { execFileSync } from 'node:child_process';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { SignatureV4 } from '@smithy/signature-v4';

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const tokenMs = 900_000;
const skewMs = 300_000;
export const serviceConnectionMs = 12 * 3_600_000;

/** The hash that the SDK's signer asks for. */
export class NodeSha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | NodeJS.ArrayBufferView);
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(data as string | NodeJS.ArrayBufferView);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

const dateOf = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

interface Service {
  /** The cache's name, in lower case. */
  readonly cache: string;
  readonly region: string;
  /** Who may connect, and with whose key. */
  readonly user: string;
  readonly signer: Signer;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Why a token is refused; undefined when it is good. */
const refusalOf = async (service: Service, user: string, token: string): Promise<string | undefined> => {
  const url = new URL(`http://${token}`);
  const query = Object.fromEntries(url.searchParams);
  if (url.host !== service.cache || url.pathname !== '/') return 'another cache';
  if (query.Action !== 'connect' || query.ResourceType !== 'ServerlessCache') return 'no request to connect';
  if (user !== service.user || query.User !== user) return 'another user';
  const signed = dateOf(query['X-Amz-Date'] ?? '');
  const expires = Number(query['X-Amz-Expires']) * 1_000;
  if (!(expires <= tokenMs) || service.now() > signed + expires || service.now() < signed - skewMs) return 'expired';
  const again = await new SignatureV4({
    service: 'elasticache',
    region: service.region,
    credentials: service.signer,
    sha256: NodeSha256,
  }).presign(
    {
      method: 'GET',
      protocol: 'http:',
      hostname: service.cache,
      path: '/',
      query: { Action: 'connect', User: user, ResourceType: 'ServerlessCache' },
      headers: { host: service.cache },
    },
    { signingDate: new Date(signed), expiresIn: expires / 1_000 },
  );
  return again.query?.['X-Amz-Signature'] === query['X-Amz-Signature'] ? undefined : 'another signature';
};

/** The commands at the front of what a client has sent: each one's words, and how many bytes it takes. */
function* commandsIn(bytes: Buffer): Generator<{ readonly words: readonly string[]; readonly end: number }> {
  let at = 0;
  const line = (): string | undefined => {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const text = bytes.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  for (;;) {
    const head = line();
    if (head === undefined) return;
    const words: string[] = [];
    for (let left = Number(head.slice(1)); left > 0; left -= 1) {
      const size = Number(line()?.slice(1));
      if (Number.isNaN(size) || at + size + 2 > bytes.length) return;
      words.push(bytes.toString('utf8', at, at + size));
      at += size + 2;
    }
    yield { words, end: at };
  }
}

const commandOf = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** A key and a certificate for this machine, good for a day. */
const certificate = (): { readonly key: string; readonly cert: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const name = ['-subj', '/CN=cache', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return pair;
};

export interface CacheService {
  readonly port: number;
  /** What a client has to trust, as PEM. */
  readonly authority: string;
  /** Each sign-in that was tried: undefined when it was good, else why not. */
  readonly signIns: (string | undefined)[];
  /** Connections ended for their age. */
  readonly ended: () => number;
  readonly open: () => number;
  /** Ends what is 12 hours past its sign-in; called when the clock was moved. */
  sweep(): void;
  /** Breaks every connection. */
  breakAll(): void;
  close(): Promise<void>;
}

/** @param upstream the port of a server that lets `user` in with the password `inner`. */
export const startCacheService = async (upstream: number, inner: string, service: Service): Promise<CacheService> => {
  const { key, cert } = certificate();
  const signIns: (string | undefined)[] = [];
  const connections = new Map<TLSSocket, { signedIn: number; readonly server: Socket }>();
  let ended = 0;

  const server = createServer({ key, cert }, (client) => {
    const onward = connect(upstream, '127.0.0.1');
    const state = { signedIn: service.now(), server: onward };
    connections.set(client, state);
    let waiting = Buffer.alloc(0);
    let work = Promise.resolve();
    const forward = async (): Promise<void> => {
      let done = 0;
      for (const { words, end } of commandsIn(waiting)) {
        const [name = '', user = '', token = ''] = words;
        if (name.toLowerCase() === 'auth') {
          const refusal = await refusalOf(service, user, token);
          signIns.push(refusal);
          if (refusal === undefined) state.signedIn = service.now();
          // The server itself answers, so that answers stay in their order.
          onward.write(commandOf(['auth', user, refusal === undefined ? inner : 'refused']));
        } else onward.write(waiting.subarray(done, end));
        done = end;
      }
      waiting = waiting.subarray(done);
    };
    client.on('data', (bytes: Buffer) => {
      work = work.then(() => {
        waiting = Buffer.concat([waiting, bytes]);
        return forward();
      });
    });
    onward.on('data', (bytes) => client.write(bytes));
    const finish = (): void => {
      connections.delete(client);
      client.destroy();
      onward.destroy();
    };
    for (const socket of [client, onward]) {
      socket.on('error', finish);
      socket.on('close', finish);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');

  const breakAll = (): void => {
    for (const client of [...connections.keys()]) client.destroy();
  };
  return {
    port: address.port,
    authority: cert,
    signIns,
    ended: () => ended,
    open: () => connections.size,
    sweep: () => {
      for (const [client, { signedIn }] of [...connections]) {
        if (service.now() - signedIn < serviceConnectionMs) continue;
        ended += 1;
        client.destroy();
      }
    },
    breakAll,
    close: async () => {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
