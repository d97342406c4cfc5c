// `npm start`: makes the checkout ready, then starts Parley with the sample people. `--dynamodb-local` runs it on a DynamoDB
// server on this machine, so that other tools can look into the table.
// npm passes a signal on to the shell that runs the script, and to nobody else: `exec` in package.json puts this in its place, so
// that the server hears of it.
import { spawn, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endpointFor, hints, StartError, startDynamo } from './dynamodb-local.mjs';

const known = new Set(['--dynamodb-local']);
const unknown = process.argv.slice(2).find((argument) => !known.has(argument));
if (unknown !== undefined) {
  console.error(`parley: ${unknown} is not an option; there is --dynamodb-local`);
  process.exit(2);
}

// npm takes what stands before `--` for settings of its own; the start would be another than the one asked for.
if (process.env.npm_config_dynamodb_local !== undefined) {
  console.error('parley: npm passes on only what comes after "--": npm start -- --dynamodb-local');
  process.exit(2);
}

await import('./ensure.mjs');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const environment = { PARLEY_DEMO: '1', ...process.env };
const { ConfigError, readConfig } = await import('../dist/server/config.js');

/** Starts the DynamoDB server, has the environment name it, and makes its tables. */
const startOnDynamo = async () => {
  const endpoint = await endpointFor(environment);
  Object.assign(environment, {
    DYNAMODB_ENDPOINT: endpoint,
    AWS_REGION: environment.AWS_REGION?.trim() || 'us-east-1',
    // A server on this machine takes any name for an answer; without one the SDK would look for real credentials.
    AWS_ACCESS_KEY_ID: environment.AWS_ACCESS_KEY_ID ?? 'local',
    AWS_SECRET_ACCESS_KEY: environment.AWS_SECRET_ACCESS_KEY ?? 'local',
  });
  const { data, table } = readConfig(environment);
  const engine = await startDynamo(root, data, endpoint);
  const loaded = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'schema-load'], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (loaded.status !== 0) {
    engine.kill();
    process.exit(1);
  }
  for (const line of hints(endpoint, table.table, data)) console.log(line);
  return engine;
};

let engine;
if (process.argv.includes('--dynamodb-local'))
  engine = await startOnDynamo().catch((error) => {
    if (!(error instanceof StartError || error instanceof ConfigError)) throw error;
    console.error(`parley: ${error.message}`);
    process.exit(1);
  });

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
