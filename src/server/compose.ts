/** Puts the adapters the configuration names under the use cases. The one place of the server that knows them by name. */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, statfsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { createKeyEraser } from '#crypto/key-lifecycle';
import { createSealer } from '#crypto/sealer';
import { createKeyring } from '#crypto/table-keyring';
import { createMessenger, type MessengerOptions } from '#messenger/create';
import { startFeedRunner } from '#messenger/feed-runner';
import { startErasureRunner } from '#messenger/lifecycle/erasure-runner';
import type { Messenger } from '#messenger/messenger';
import { createPatterns, type Patterns } from '#store/patterns';
import type { Table } from '#table/port';
import { keyWrapper, openTables, type Tables } from './adapters.ts';
import { type Config, ConfigError } from './config.ts';
import { startExpiry } from './expiry.ts';
import { createFanoutFaults } from './fanout-faults.ts';
import { createLensSource } from './lens-source.ts';
import { lockFolder } from './lock.ts';
import type { SealingSums } from './metrics.ts';
import { traceOf } from './problem-replies.ts';
import type { LensSource } from './routes/lens.ts';
import { openSharing } from './sharing.ts';
import { createUses } from './uses.ts';

/** What runs under the server, and how it ends. */
export interface Composition {
  readonly messenger: Messenger;
  readonly table: Table;
  readonly patterns: Patterns;
  readonly onUse: LensSource['onUse'];
  /** What the sealer counts. */
  readonly sealing: () => SealingSums;
  /** How many records of the change feed this process set aside. */
  readonly setAside: () => number;
  /** Rejects while the table does not answer. */
  readonly ready: () => Promise<void>;
  /** Present on the embedded default. */
  readonly lens?: LensSource;
  /** Ends the fan-out with its checkpoint written, then lets go of tables and lock. */
  stop(): Promise<void>;
}

/** The name by which the fan-out keeps its place in the change feed. */
const consumer = 'fanout';

const now = (): number => Date.now();

/** Room on the disk without which no server starts: a memory-mapped file that finds none ends the process without a word. */
const roomBytesMin = 16 * 2 ** 20;

/** The data folder and who holds it. Throws, in a sentence for a person, when it cannot be used. */
const takeFolder = (folder: string): (() => void) => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < roomBytesMin)
      throw new ConfigError(`The data folder ${folder} is on a disk that is full (less than 16 MB are left).`);
    return lockFolder(folder);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === undefined) throw error;
    if (code === 'EEXIST' || code === 'ENOTDIR')
      throw new ConfigError(`The data folder ${folder} is a file, or lies in one (PARLEY_DATA).`);
    throw new ConfigError(`The data folder ${folder} cannot be written (${code}).`);
  }
};

/** Opens the tables; a data folder is first taken, so that no two servers work in one. */
const takeTables = async (config: Config): Promise<Tables & { readonly release: () => void }> => {
  const release = config.table.kind === 'embedded' ? takeFolder(config.data) : () => undefined;
  try {
    return { ...(await openTables(config)), release };
  } catch (error) {
    release();
    throw error;
  }
};

/** The use cases once more, over patterns that nobody watches. */
const unwatched = (table: Table, deps: Omit<MessengerOptions, 'patterns'>) => {
  const patterns = createPatterns(
    table,
    () => undefined,
    () => performance.now(),
  );
  return { messenger: createMessenger({ ...deps, patterns }).messenger, patterns };
};

export const compose = async (config: Config, log: FastifyBaseLogger): Promise<Composition> => {
  const tables = await takeTables(config);
  const uses = createUses();
  const patterns = createPatterns(tables.main, uses.observe, () => performance.now());
  const keyring = createKeyring({ table: tables.keys, wrapper: await keyWrapper(config), now, randomBytes });
  const sharing = await openSharing(config, log, now);
  let wake = (): void => undefined;
  let wakeErasures = (): void => undefined;
  const sealer = createSealer({ keyring, now });
  const deps = {
    sealer,
    keys: createKeyEraser(tables.keys),
    cache: sharing.cache,
    bus: sharing.bus,
    now,
    randomBytes,
  };
  const { messenger, fanout, lifecycle } = createMessenger({
    ...deps,
    patterns,
    appended: () => wake(),
    erasureBegun: () => wakeErasures(),
  });
  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    setTimeout(ms, undefined, { signal }).catch(() => undefined);
  const fanoutFaults = createFanoutFaults(log);
  const time = { now, wait };
  const runner = config.fansOut
    ? startFeedRunner(tables.main.feed, patterns, fanout, consumer, time, fanoutFaults.failed, sharing.node)
    : undefined;
  if (runner !== undefined) wake = runner.wake;
  const erasures = config.erases
    ? startErasureRunner(lifecycle, time, (error) =>
        log.warn(traceOf(error), 'an erasure failed; it is taken up again'),
      )
    : undefined;
  if (erasures !== undefined) wakeErasures = erasures.wake;
  const stopExpiry =
    tables.deleteExpired &&
    startExpiry(tables.deleteExpired, (error) => log.warn(traceOf(error), 'expired items could not be deleted'));
  const embedded = config.table.kind === 'embedded' && config.signIn.kind === 'embedded';
  return {
    messenger,
    table: tables.main,
    patterns,
    onUse: uses.onUse,
    sealing: () => sealer.counters,
    setAside: fanoutFaults.setAside,
    ready: async () => {
      await patterns.getCheckpoint(consumer, 'ready', { deadline: now() + 2_000 });
    },
    ...(embedded && { lens: createLensSource(unwatched(tables.main, deps), uses.onUse) }),
    stop: async () => {
      await stopExpiry?.();
      await erasures?.stop();
      await runner?.stop();
      messenger.close();
      await sharing.close();
      await tables.main.close();
      await tables.keys.close();
      tables.release();
    },
  };
};
