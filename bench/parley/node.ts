/** One node of Parley over a table: the use cases as the server composes them, and a fan-out that can be run by hand. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createLocalBus } from '#bus/local';
import { createLocalCache } from '#cache/local';
import { createLocalWrapper } from '#crypto/local-wrapper';
import type { Sealer } from '#crypto/port';
import { createSealer } from '#crypto/sealer';
import { createKeyring } from '#crypto/table-keyring';
import { handle, type UserUuid, userUuid } from '#domain/ids';
import { createMessenger } from '#messenger/create';
import type { Fanout } from '#messenger/fanout';
import type { Messenger } from '#messenger/messenger';
import { createPatterns, type Observe, type Patterns } from '#store/patterns';
import type { Table } from '#table/port';
import type { Person } from '../harness/world.ts';

export interface ParleyNode {
  readonly messenger: Messenger;
  readonly fanout: Fanout;
  readonly patterns: Patterns;
  readonly sealer: Sealer;
}

export interface ParleyTables {
  readonly main: Table;
  readonly keys: Table;
  /** Where the local key file lies. */
  readonly folder: string;
}

export interface NodeOptions {
  readonly now: () => number;
  readonly observe: Observe;
  readonly appended: () => void;
  /** In place of the one that encrypts, where what encryption costs is measured. */
  readonly sealer?: Sealer;
}

/** Everything as in production, encryption included unless another sealer is given; keys are wrapped by a local file. */
export const parleyNode = async (tables: ParleyTables, options: NodeOptions): Promise<ParleyNode> => {
  const { now } = options;
  const patterns = createPatterns(tables.main, options.observe, () => performance.now());
  const wrapper = await createLocalWrapper({ folder: join(tables.folder, 'key-files'), nodeEnv: undefined });
  const keyring = createKeyring({ table: tables.keys, wrapper, now, randomBytes });
  const sealer = options.sealer ?? createSealer({ keyring, now });
  const bus = createLocalBus((error) => process.stderr.write(`a listener failed: ${String(error)}\n`));
  const { messenger, fanout } = createMessenger({
    patterns,
    sealer,
    cache: createLocalCache(now, Math.random),
    bus,
    now,
    randomBytes,
    appended: options.appended,
  });
  return { messenger, fanout, patterns, sealer };
};

/** The world's people have well-formed uuids and handles. */
export const userOf = (person: Person): UserUuid => {
  const user = userUuid(person.uuid);
  if (user === undefined) throw new Error(`not a user uuid: ${person.uuid}`);
  return user;
};

export const handleOf = (person: Person) => {
  const one = handle(person.handle);
  if (one === undefined) throw new Error(`not a handle: ${person.handle}`);
  return one;
};

/** Makes a person known. */
export const provision = (messenger: Messenger, person: Person) =>
  messenger.provision(userOf(person), { handle: handleOf(person), display_name: person.display_name });
