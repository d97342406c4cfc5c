/** A PostgreSQL cluster of the bench's own: made in a temporary folder, durable as delivered, reached by a Unix socket. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';

export interface Cluster {
  readonly version: string;
  /** The postmaster; every backend is a child of it. */
  readonly pid: number;
  /** The data folder, to weigh it. */
  readonly folder: string;
  readonly connection: { readonly host: string; readonly user: string; readonly database: string };
  stop(): Promise<void>;
}

const debianFolder = '/usr/lib/postgresql';

/** The folder that holds `initdb` and `postgres`; the newest of Debian's, or one on PATH. */
const findBinaries = (): string | undefined => {
  const debian = existsSync(debianFolder)
    ? readdirSync(debianFolder)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(debianFolder, version, 'bin'))
    : [];
  return [...debian, ...(process.env.PATH ?? '').split(delimiter)].find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  );
};

interface Account {
  readonly uid: number;
  readonly gid: number;
}

const idOf = (flag: '-u' | '-g', name: string): number =>
  Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));

/** PostgreSQL refuses to run as root: then it runs as `postgres`, which Debian's package creates. */
const accountToRunAs = (): Account | undefined =>
  process.getuid?.() === 0 ? { uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') } : undefined;

/**
 * Settings: durable (fsync and synchronous_commit on, the defaults, said again so that nobody has to look them up), room for
 * the working set in memory, checkpoints too far apart to fall into a round.
 */
const settings = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  effective_cache_size: '4GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  wal_compression: 'lz4',
  jit: 'off',
  max_connections: '100',
  listen_addresses: '',
} as const;

const startMsMax = 20_000;

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode === null ? new Promise((resolve) => child.once('exit', () => resolve())) : Promise.resolve();

const waitUntilReady = async (connection: Cluster['connection'], child: ChildProcess): Promise<string> => {
  for (const until = Date.now() + startMsMax; ; ) {
    const client = new pg.Client(connection);
    try {
      await client.connect();
      const answer = await client.query<{ server_version: string }>('show server_version');
      return answer.rows[0]?.server_version ?? 'unknown';
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) throw new Error('PostgreSQL did not start', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
};

/** Makes and starts a cluster, or says why it cannot. `parent` is made reachable for the account that PostgreSQL runs as. */
export const startCluster = async (): Promise<Cluster | { readonly skipped: string }> => {
  const binaries = findBinaries();
  if (binaries === undefined) return { skipped: 'PostgreSQL is not installed (Debian: apt-get install postgresql)' };
  const account = accountToRunAs();
  const folder = mkdtempSync(join(tmpdir(), 'parley-postgres-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  if (account !== undefined) for (const path of [folder, data]) chownSync(path, account.uid, account.gid);
  chmodSync(data, 0o700);
  const run = { ...(account ?? {}), cwd: folder, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' } };
  const user = 'bench';
  execFileSync(join(binaries, 'initdb'), ['-D', data, '-U', user, '-A', 'trust', '--no-sync', '-E', 'UTF8'], {
    ...run,
    stdio: 'ignore',
  });
  const options = Object.entries({ ...settings, unix_socket_directories: folder }).flatMap(([k, v]) => [
    '-c',
    `${k}=${v}`,
  ]);
  const child = spawn(join(binaries, 'postgres'), ['-D', data, ...options], { ...run, stdio: 'ignore' });
  const connection = { host: folder, user, database: 'postgres' };
  const stop = async (): Promise<void> => {
    child.kill('SIGINT'); // A fast shutdown: connections are ended.
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const version = await waitUntilReady(connection, child);
    return { version, pid: child.pid ?? 0, folder: data, connection, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** What `stat` counts blocks in, whatever the file system. */
const blockBytes = 512;

/** Bytes on disk of everything under a folder; holes in files do not count. */
export const folderBytes = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * blockBytes, 0);
