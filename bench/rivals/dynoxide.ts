/** A DynamoDB server on this machine for the rivals that need one: dynoxide, durable, over a file in a temporary folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface DynamoServer {
  readonly endpoint: string;
  readonly version: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** What any SDK client needs to talk to a local server: the credentials are not checked. */
export const clientSettings = (endpoint: string) => ({
  endpoint,
  region: 'local',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
});

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

const startMsMax = 5_000;

/** Starts the server, or says why it cannot. */
export const startDynoxide = async (): Promise<DynamoServer | { readonly skipped: string }> => {
  const require = createRequire(import.meta.url);
  let manifest: string;
  try {
    manifest = require.resolve('@dynoxide/linux-x64/package.json');
  } catch {
    return { skipped: 'the optional package @dynoxide/linux-x64 is not installed' };
  }
  const binary = join(dirname(manifest), 'dynoxide');
  if (!existsSync(binary)) return { skipped: 'the package @dynoxide/linux-x64 holds no program' };
  const { version }: { readonly version: string } = require(manifest);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'parley-dynoxide-'));
  const child = spawn(binary, ['serve', '--port', String(port), '--db-path', join(folder, 'table.db')], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  // A subject that fails while it is loaded stops nothing.
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const endpoint = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + startMsMax; ; ) {
    try {
      await fetch(endpoint);
      break;
    } catch (error) {
      if (Date.now() > until || child.exitCode !== null) throw new Error('dynoxide did not start', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return {
    endpoint,
    version,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      process.removeListener('exit', killWithUs);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
