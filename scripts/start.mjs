// `npm start`: makes the checkout ready, then starts Parley with the sample people. `--dynamodb-local` runs it on a DynamoDB
// server on this machine, so that other tools can look into the table.
// npm passes a signal on to the shell that runs the script, and to nobody else: `exec` in package.json puts this in its place, so
// that the server hears of it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

await import('./ensure.mjs');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const environment = { PARLEY_DEMO: '1', ...process.env };
const data = environment.PARLEY_DATA ?? '.parley';

const known = new Set(['--dynamodb-local']);
const unknown = process.argv.slice(2).find((argument) => !known.has(argument));
if (unknown !== undefined) {
  console.error(`parley: ${unknown} is not an option; there is --dynamodb-local`);
  process.exit(2);
}

/** A port that nobody listens at, on this machine only. */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const answers = async (endpoint) => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (
      await fetch(endpoint).then(
        () => true,
        () => false,
      )
    )
      return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
};

let engine;
if (process.argv.includes('--dynamodb-local')) {
  const binary = join(root, 'node_modules', '@dynoxide', 'linux-x64', 'dynoxide');
  if (!existsSync(binary)) {
    console.error(
      'parley: dynoxide, the local DynamoDB server, is installed on Linux x64 only. Start another DynamoDB server and set DYNAMODB_ENDPOINT.',
    );
    process.exit(1);
  }
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const port = Number(environment.DYNAMODB_PORT ?? (await freePort()));
  const endpoint = `http://127.0.0.1:${port}`;
  engine = spawn(binary, ['serve', '--port', String(port), '--db-path', join(data, 'dynamodb.db')], {
    stdio: 'ignore',
  });
  engine.on('exit', (code) => {
    if (code !== null && code !== 0) console.error(`parley: the DynamoDB server ended with ${code}`);
  });
  if (!(await answers(endpoint))) {
    console.error(`parley: the DynamoDB server does not answer at ${endpoint}`);
    engine.kill();
    process.exit(1);
  }
  Object.assign(environment, {
    DYNAMODB_ENDPOINT: endpoint,
    AWS_REGION: environment.AWS_REGION ?? 'us-east-1',
    // A server on this machine takes any name for an answer; without one the SDK would look for real credentials.
    AWS_ACCESS_KEY_ID: environment.AWS_ACCESS_KEY_ID ?? 'local',
    AWS_SECRET_ACCESS_KEY: environment.AWS_SECRET_ACCESS_KEY ?? 'local',
  });
  const loaded = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'schema-load'], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (loaded.status !== 0) {
    engine.kill();
    process.exit(1);
  }
  console.log(`DynamoDB is at ${endpoint} (table parley)`);
  console.log(
    `  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws dynamodb scan --table-name parley --endpoint-url ${endpoint} --region us-east-1`,
  );
  console.log(`  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local DYNAMODB_ENDPOINT=${endpoint} bin/ddb/scan`);
}

const { nodeFlags, thisMachine } = await import('../dist/server/node-flags.js');
const flags = nodeFlags(thisMachine());
const server = spawn(process.execPath, [...flags, join(root, 'dist', 'server', 'main.js')], {
  env: environment,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
server.on('exit', (code, signal) => {
  engine?.kill();
  process.exit(code ?? (signal === null ? 0 : 1));
});
