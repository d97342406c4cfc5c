// A DynamoDB server on this machine, for `npm start -- --dynamodb-local`: dynoxide, with its file in the data folder.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const attemptsMax = 100;
const lookAgainMs = 50;

/** What a person can put right; the message is the line they are told. */
export class StartError extends Error {}

/** The port, or with 0 any, once nobody listens at it on this machine. */
const portThatIsFree = (wanted) =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  }).catch(({ code }) => {
    throw new StartError(`DYNAMODB_PORT is ${wanted}, where no server can be started (${code}): choose another port.`);
  });

/** The address that the server will have, by DYNAMODB_PORT or at a port that is free. */
export const endpointFor = async ({ DYNAMODB_PORT, DYNAMODB_ENDPOINT }) => {
  if (DYNAMODB_ENDPOINT?.trim())
    throw new StartError(
      'DYNAMODB_ENDPOINT names a DynamoDB server, but --dynamodb-local starts one: leave one of them out.',
    );
  const wanted = DYNAMODB_PORT?.trim() || '0';
  if (!/^\d{1,5}$/.test(wanted) || Number(wanted) > 65_535)
    throw new StartError(`DYNAMODB_PORT is "${wanted}": give a whole number from 0 to 65535.`);
  return `http://127.0.0.1:${await portThatIsFree(Number(wanted))}`;
};

const answers = async (engine, endpoint) => {
  for (let attempt = 0; attempt < attemptsMax && engine.exitCode === null; attempt += 1) {
    const answered = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answered) return true;
    await setTimeout(lookAgainMs);
  }
  return false;
};

/** The server's process, once it answers. */
export const startDynamo = async (root, data, endpoint) => {
  const binary = join(root, 'node_modules', '@dynoxide', 'linux-x64', 'dynoxide');
  if (!existsSync(binary))
    throw new StartError(
      'dynoxide, the local DynamoDB server, is installed on Linux x64 only. Start another DynamoDB server and set DYNAMODB_ENDPOINT.',
    );
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
  } catch ({ code }) {
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'is a file, or lies in one' : `cannot be made: ${code}`;
    throw new StartError(`The data folder ${data} ${why} (PARLEY_DATA).`);
  }
  const { port } = new URL(endpoint);
  const engine = spawn(binary, ['serve', '--port', port, '--db-path', join(data, 'dynamodb.db')], { stdio: 'ignore' });
  engine.on('exit', (code) => {
    if (code !== null && code !== 0) console.error(`parley: the DynamoDB server ended with ${code}`);
  });
  if (await answers(engine, endpoint)) return engine;
  engine.kill();
  throw new StartError(`The DynamoDB server does not answer at ${endpoint}.`);
};

/** A word as a shell takes it. */
const quoted = (word) => (/^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** How other tools look into the table: lines to copy, each with all that it needs. The keys are in the data folder. */
export const hints = (endpoint, table, data) => {
  const credentials = 'AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local';
  const named = table === 'parley' ? '' : ` DYNAMODB_TABLE=${table}`;
  return [
    `DynamoDB is at ${endpoint} (table ${table}). To look into it:`,
    `  ${credentials} aws dynamodb scan --table-name ${table} --endpoint-url ${endpoint} --region us-east-1`,
    `  ${credentials} DYNAMODB_ENDPOINT=${endpoint}${named} PARLEY_DATA=${quoted(resolve(data))} bin/ddb/patterns/get-conversation`,
  ];
};
