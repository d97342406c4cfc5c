/** Prosody and ejabberd, as Debian packages them, with message archives for everybody; on a port of their own, on this machine. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { processTree } from '../../harness/processes.ts';
import { inChunks } from '../../harness/world.ts';
import type { ChatServer, StartChatServer } from '../chat.ts';
import { folderBytes } from '../postgres/cluster.ts';
import { register, signIn } from './client.ts';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const startMsMax = 30_000;
const stopMsMax = 10_000;

const packageVersion = (name: string): string => {
  try {
    return /^Version: (.*)$/m.exec(execFileSync('dpkg', ['-s', name], { encoding: 'utf8' }))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
};

interface Started {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly folder: string;
  readonly data: string;
}

/** Waits until an account can be made, then is a chat server. */
const chatServer = async ({ name, child, port, folder, data }: Started): Promise<ChatServer> => {
  const stop = async (): Promise<void> => {
    // A wrapper (`su`) does not pass signals on: each of the tree is told, and the tree is waited for.
    const tree = child.pid === undefined ? [] : processTree([child.pid]);
    const alive = (): readonly number[] => tree.filter((pid) => existsSync(`/proc/${pid}`));
    for (const pid of tree) process.kill(pid, 'SIGTERM');
    for (const until = Date.now() + stopMsMax; alive().length > 0 && Date.now() < until; ) await setTimeout(50);
    // Prosody once waited for ever for a thousand connections that were closed.
    for (const pid of alive()) process.kill(pid, 'SIGKILL');
    while (alive().length > 0) await setTimeout(50);
    rmSync(folder, { recursive: true, force: true });
  };
  for (const until = Date.now() + startMsMax; ; ) {
    try {
      await register(port, 'first');
      break;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) {
        await stop();
        throw new Error(`${name} did not start`, { cause: error });
      }
      await setTimeout(200);
    }
  }
  return {
    name,
    version: packageVersion(name),
    processes: child.pid === undefined ? [] : [child.pid],
    prepare: async (pairs) => {
      await inChunks(pairs.flat(), (person) => register(port, person));
    },
    connect: (person) => signIn(port, person),
    diskBytes: () => folderBytes(data),
    stop,
  };
};

const prosodyConfig = (folder: string, port: number): string => `
run_as_root = true
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
log = { error = "${folder}/error.log" }
modules_enabled = { "roster", "saslauth", "disco", "ping", "register_ibr", "mam", "smacks" }
modules_disabled = { "s2s", "offline" }
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
default_archive_policy = true
storage_archive_item_limit = 10000000
archive_cleanup_interval = 86400
c2s_ports = { ${port} }
c2s_interfaces = { "127.0.0.1" }
s2s_ports = { }
http_ports = { }
https_ports = { }
VirtualHost "localhost"
`;

export const startProsody: StartChatServer = async () => {
  if (!existsSync('/usr/bin/prosody')) return { skipped: 'Prosody is not installed (Debian: apt-get install prosody)' };
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'parley-prosody-'));
  mkdirSync(join(folder, 'data'));
  const config = join(folder, 'prosody.cfg.lua');
  writeFileSync(config, prosodyConfig(folder, port));
  const child = spawn('/usr/bin/prosody', ['-F', '--config', config], { stdio: 'ignore' });
  return chatServer({ name: 'prosody', child, port, folder, data: join(folder, 'data') });
};

const ejabberdConfig = (port: number): string => `
hosts: [localhost]
loglevel: error
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
disable_sasl_mechanisms: [DIGEST-MD5, X-OAUTH2]
listen:
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, access: c2s, shaper: none, backlog: 1024}
access_rules:
  c2s: [{allow: all}]
  register: [{allow: all}]
shaper_rules:
  max_user_sessions: 10000
modules:
  mod_disco: {}
  mod_ping: {}
  mod_roster: {}
  mod_register: {ip_access: all, access: register, welcome_message: {}}
  mod_mam: {db_type: mnesia, default: always, request_activates_archiving: false}
  mod_stream_mgmt: {}
`;

export const startEjabberd: StartChatServer = async () => {
  if (!existsSync('/usr/sbin/ejabberdctl')) {
    return { skipped: 'ejabberd is not installed (Debian: apt-get install ejabberd)' };
  }
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'parley-ejabberd-'));
  const folders = ['config', 'logs', 'spool'].map((name) => join(folder, name));
  const [config = '', logs = '', spool = ''] = folders;
  for (const one of folders) mkdirSync(one);
  writeFileSync(join(config, 'ejabberd.yml'), ejabberdConfig(port));
  // A fixed port for distribution: then no daemon that maps names to ports is started, and none is left behind.
  writeFileSync(join(config, 'ejabberdctl.cfg'), `ERL_DIST_PORT=${await freePort()}\nINET_DIST_INTERFACE=127.0.0.1\n`);
  let account = {};
  if (process.getuid?.() === 0) {
    const id = (flag: string): number => Number(execFileSync('id', [flag, 'ejabberd'], { encoding: 'utf8' }));
    // Started as its own user at once: through `su` it would have another limit of open files, below a thousand connections.
    account = { uid: id('-u'), gid: id('-g') };
    for (const one of [folder, ...folders, join(config, 'ejabberd.yml'), join(config, 'ejabberdctl.cfg')]) {
      chownSync(one, id('-u'), id('-g'));
    }
  }
  const args = [
    '--config-dir',
    config,
    '--logs',
    logs,
    '--spool',
    spool,
    '--node',
    'parleybench@localhost',
    'foreground',
  ];
  const child = spawn('/usr/sbin/ejabberdctl', args, {
    ...account,
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder },
    stdio: 'ignore',
  });
  return chatServer({ name: 'ejabberd', child, port, folder, data: spool });
};
