/**
 * `npm run bench:live`: the live fan-out. 5,000 idle event streams, then messages to conversations whose people have 1,000 streams
 * open between them: events a second, delivery from the acknowledged send to the stream, and the memory of the streams.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientRequest, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { uuidV7 } from '#domain/uuid';
import { serverModule } from './harness/modules.ts';
import { startServerProcess } from './harness/server-process.ts';
import { portInAddress } from './parley/address.ts';

const { values } = parseArgs({
  options: { idle: { type: 'string', default: '5000' }, messages: { type: 'string', default: '300' } },
});

/** A user has at most sixteen streams. */
const streamsEach = 10;
const groupSize = 100;
/** Streams opened at once, so that the listener's backlog is not what is measured. */
const openedAtOnce = 50;

const folder = mkdtempSync(join(tmpdir(), 'parley-live-'));
const server = await startServerProcess(serverModule(), [], portInAddress, {
  PATH: process.env.PATH,
  PORT: '0',
  PARLEY_DATA: folder,
  LOG_LEVEL: 'error',
  RATE_LIMIT_PER_USER: '1000000',
  RATE_LIMIT_PER_ADDRESS: '1000000',
});
const { port } = server.ready;

const ask = async <T>(path: string, token: string, body: object): Promise<T> => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
};
const signIn = async (handle: string): Promise<string> =>
  (await ask<{ access_token: string }>('/v1/dev/sign-in', 'none', { handle })).access_token;

const residentMb = (): number => {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1_024;
};

const open: ClientRequest[] = [];
const listen = (token: string, received: (uuid: string) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = get({ host: '127.0.0.1', port, path: '/v1/events', headers, agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`a stream was answered with ${response.statusCode}`));
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          if (event.includes('event: message.created')) received(/"uuid":"([^"]+)"/.exec(event)?.[1] ?? '');
        }
      });
      resolve();
    });
    request.on('error', reject);
    open.push(request);
  });

const inChunks = async (count: number, run: (index: number) => Promise<void>): Promise<void> => {
  for (let at = 0; at < count; at += openedAtOnce) {
    await Promise.all(Array.from({ length: Math.min(openedAtOnce, count - at) }, (_, index) => run(at + index)));
  }
};

const share = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

const before = residentMb();
const idle = Number(values.idle);
const idlers = await Promise.all(
  Array.from({ length: Math.ceil(idle / streamsEach) }, (_, index) => signIn(`idle_${index}`)),
);
await inChunks(idle, (index) => listen(idlers[index % idlers.length] ?? '', () => undefined));
await setTimeout(1_000);
process.stdout.write(`${idle} idle streams: ${before.toFixed(0)} MB before, ${residentMb().toFixed(0)} MB with them\n`);

const handles = Array.from({ length: groupSize }, (_, index) => `member_${index}`);
const tokens = await Promise.all(handles.map(signIn));
const [first = ''] = tokens;
const { uuid } = await ask<{ uuid: string }>('/v1/conversations', first, {
  handles: handles.slice(1),
  title: 'everybody',
});
const acknowledged = new Map<string, number>();
const arrivals: { readonly uuid: string; readonly at: number }[] = [];
const received = (message: string): void => {
  arrivals.push({ uuid: message, at: performance.now() });
};
await inChunks(groupSize * streamsEach, (index) => listen(tokens[index % groupSize] ?? '', received));
arrivals.length = 0;

const messages = Number(values.messages);
const begin = performance.now();
for (let sent = 0; sent < messages; sent += 1) {
  const name = uuidV7(Date.now(), randomBytes(10));
  await ask(`/v1/conversations/${uuid}/messages`, tokens[sent % groupSize] ?? '', {
    uuid: name,
    message: `number ${sent}`,
  });
  acknowledged.set(name, performance.now());
}
const expected = messages * groupSize * streamsEach;
for (let waited = 0; arrivals.length < expected && waited < 30_000; waited += 20) await setTimeout(20);
const seconds = ((arrivals.at(-1)?.at ?? begin) - begin) / 1_000;
// An event may overtake the answer to the send: it then counts as delivered at once.
const delays = arrivals
  .map(({ uuid: name, at }) => Math.max(0, at - (acknowledged.get(name) ?? at)))
  .sort((a, b) => a - b);
process.stdout.write(
  `${messages} messages to ${groupSize * streamsEach} streams: ${arrivals.length} of ${expected} events, ` +
    `${Math.round(arrivals.length / seconds)} a second, delivered after p50 ${share(delays, 0.5).toFixed(2)} ms, ` +
    `p99 ${share(delays, 0.99).toFixed(2)} ms\n`,
);
for (const request of open) request.destroy();
await server.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(arrivals.length === expected ? 0 : 1);
