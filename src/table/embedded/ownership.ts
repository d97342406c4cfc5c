/**
 * Which of the processes that have a table open may keep its newest writes to itself, in a journal and in memory.
 *
 * One process owns the table: its token stands in LMDB, and it listens on a socket of that name in the table's folder. Another
 * that opens the table connects; the owner carries everything over to LMDB and works on LMDB directly for as long as the
 * connection stands, and so does the other. A process that ends, however it ends, closes its sockets, so nobody waits for the
 * dead.
 *
 * 1. The token changes by a transaction that finds the old one still there, and only after nobody answered under it: there is
 *    one owner.
 * 2. Whoever is not the owner works only while the token is the one it connected to: a transaction or a read that finds
 *    another one asks the new owner first, and is then done.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { TableError } from '../errors.ts';
import { HAND_OVERS_MAX, type Kv, type KvReader } from './kv.ts';

const TOKEN_KEY = 'owner';
/** The longest that carrying over and saying so may take; an owner that needs longer is stuck. */
const ANSWER_MS_MAX = 20_000;

export const tokenIn = (reader: KvReader): string =>
  Buffer.from(reader.get('meta', TOKEN_KEY) ?? []).toString('latin1');

export interface Ownership {
  readonly role: 'owner' | 'guest';
  /** The owner's. */
  readonly token: string;
  release(): void;
}

export interface OwnershipEvents {
  /** The owner's: others want the table. Resolves when everything stands in LMDB. */
  readonly share: () => Promise<void>;
  /** The owner's: nobody else has it any more. */
  readonly alone: () => void;
  /** The guest's: the owner is gone. */
  readonly ownerGone: () => void;
}

/** Sockets have short names (108 bytes on Linux), data folders need not: there the folder is named by its descriptor. */
const shortFolder = (folder: string): { readonly path: string; close(): void } => {
  if (process.platform !== 'linux') return { path: folder, close: () => undefined };
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${descriptor}`, close: () => closeSync(descriptor) };
};

const socketName = (token: string): string => `owner-${token}.sock`;

/** Connects to an owner and waits until the table is shared; undefined when nobody listens there. */
const ask = (path: string): Promise<Socket | undefined> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(ANSWER_MS_MAX, () => fail(new Error('the process that has it does not answer')));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.destroy();
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') resolve(undefined);
      else reject(error);
    });
    socket.once('close', () => resolve(undefined));
    socket.once('data', () => {
      socket.setTimeout(0);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });

const listen = (path: string, events: OwnershipEvents): Promise<{ server: Server; guests: Set<Socket> }> =>
  new Promise((resolve, reject) => {
    const guests = new Set<Socket>();
    const server = createServer((socket) => {
      guests.add(socket);
      socket.unref();
      socket.on('error', () => undefined);
      socket.once('close', () => {
        guests.delete(socket);
        if (guests.size === 0) events.alone();
      });
      // One that leaves again before the answer is there needs none.
      socket.resume();
      events.share().then(
        () => socket.write('shared'),
        () => socket.destroy(),
      );
    });
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve({ server, guests });
    });
  });

/** Becomes the owner of a table or the guest of its owner. */
export const acquire = async (kv: Kv, folder: string, events: OwnershipEvents): Promise<Ownership> => {
  const short = shortFolder(folder);
  try {
    for (let attempt = 0; attempt < HAND_OVERS_MAX; attempt += 1) {
      const standing = kv.read(tokenIn);
      const owner = standing === '' ? undefined : await ask(join(short.path, socketName(standing)));
      if (owner !== undefined) {
        owner.unref();
        owner.once('close', events.ownerGone);
        return { role: 'guest', token: standing, release: () => owner.removeAllListeners('close').destroy() };
      }
      const token = randomBytes(8).toString('hex');
      const { server, guests } = await listen(join(short.path, socketName(token)), events);
      const release = (): void => {
        server.close();
        for (const guest of guests) guest.destroy();
        // Node removes a socket by the path it was given, which may mean another folder by then.
        rmSync(join(folder, socketName(token)), { force: true });
      };
      let taken = false;
      try {
        taken = await kv.transact((writer) => {
          if (tokenIn(writer) !== standing) return false;
          writer.put('meta', TOKEN_KEY, Buffer.from(token, 'latin1'));
          return true;
        });
      } finally {
        if (!taken) release();
      }
      if (taken) {
        if (standing !== '') rmSync(join(folder, socketName(standing)), { force: true });
        return { role: 'owner', token, release };
      }
    }
    throw new TableError('unavailable', 'the table changes hands too often to be opened');
  } finally {
    short.close();
  }
};
