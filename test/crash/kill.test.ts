/** The real server, killed in the middle of its work, again and again: nothing acknowledged is lost, nothing is there twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { uuidV7 } from '#domain/uuid';
import type { ConversationsPage, MessagesPage, SignedIn } from '#protocol/shapes';
import { seededRandom } from '../sim/world.ts';

const rounds = 20;
const clients = 8;
const data = mkdtempSync(join(tmpdir(), 'parley-kill-'));
const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

let server: ChildProcess | undefined;
let address = '';

afterAll(() => {
  server?.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

/** Starts the built server on the same folder; resolves when it has said where it is. */
const start = async (): Promise<void> => {
  const child = spawn(process.execPath, ['dist/server/main.js'], {
    env: {
      ...process.env,
      PARLEY_DATA: data,
      PORT: '0',
      LOG_LEVEL: 'silent',
      NODE_ENV: 'test',
      RATE_LIMIT_PER_USER: '100000',
      RATE_LIMIT_PER_ADDRESS: '100000',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server = child;
  address = await new Promise((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = /http:\/\/\S+/.exec(said);
      if (found !== null) resolve(found[0]);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', () => reject(new Error(`the server did not start: ${said}`)));
  });
};

const kill = (): Promise<void> =>
  new Promise((resolve) => {
    server?.once('exit', () => resolve());
    server?.kill('SIGKILL');
  });

const ask = async <T>(method: string, path: string, token: string, body?: object): Promise<T> => {
  const response = await fetch(address + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as T;
};

const signIn = async (handle: string): Promise<string> =>
  (await ask<SignedIn>('POST', '/v1/dev/sign-in', '', { handle })).access_token;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(`[LOG-4] [LOG-8] [INBOX-5] ${rounds} kills under ${clients} clients lose nothing and repeat nothing (KILL_SEED=${seed})`, {
  timeout: 170_000,
}, async () => {
  await start();
  const hub = await signIn('hub');
  const conversations = await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      await signIn(`client_${index}`);
      const { uuid } = await ask<{ uuid: string }>('POST', '/v1/conversations', hub, { handles: [`client_${index}`] });
      return uuid;
    }),
  );
  const acknowledged = new Map<string, { conversation: string; seq: number; text: string }>();
  const attempted = new Set<string>();
  let down = false;
  let over = false;

  const client = async (index: number): Promise<void> => {
    const conversation = conversations[index] ?? '';
    let token = '';
    for (let sent = 0; !over; sent += 1) {
      const uuid = uuidV7(Date.now(), randomBytes(10));
      const text = `client ${index}, message ${sent}`;
      attempted.add(uuid);
      // The same uuid until an answer comes, as a client's outbox does it.
      while (!acknowledged.has(uuid)) {
        try {
          if (down) throw new Error('nobody is there');
          if (token === '') token = await signIn(`client_${index}`);
          const message = await ask<{ seq: number }>('POST', `/v1/conversations/${conversation}/messages`, token, {
            uuid,
            message: text,
          });
          acknowledged.set(uuid, { conversation, seq: message.seq, text });
        } catch {
          token = '';
          if (over) return;
          await wait(10);
        }
      }
    }
  };
  const running = Array.from({ length: clients }, (_, index) => client(index));
  for (let round = 0; round < rounds; round += 1) {
    await wait(50 + random() * 350);
    down = true;
    await kill();
    await start();
    down = false;
  }
  await wait(200);
  over = true;
  await Promise.all(running);

  expect(acknowledged.size).toBeGreaterThan(rounds * clients);
  const token = await signIn('hub');
  const found = new Map<string, { conversation: string; seq: number; text: string | undefined }>();
  const heads = new Map<string, number>();
  for (const conversation of conversations) {
    const seqs: number[] = [];
    const times: string[] = [];
    let cursor: string | undefined;
    do {
      const query = `limit=100${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const page = await ask<MessagesPage>('GET', `/v1/conversations/${conversation}/messages?${query}`, token);
      for (const { uuid, seq, message, created_at } of page.messages) {
        expect(found.has(uuid), `${uuid} is there twice`).toBe(false);
        expect(attempted.has(uuid), `${uuid} was never sent`).toBe(true);
        found.set(uuid, { conversation, seq, text: message });
        seqs.push(seq);
        times.push(created_at);
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seqs.reverse()).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1));
    expect(times.reverse()).toEqual([...new Set(times)].sort());
    heads.set(conversation, seqs.length);
  }
  for (const [uuid, message] of acknowledged) expect(found.get(uuid)).toEqual(message);

  // The fan-out went on from its checkpoint each time: the inbox agrees with the logs, without help.
  let rows: ConversationsPage['conversations'] = [];
  for (let attempt = 0; attempt < 50; attempt += 1) {
    rows = (await ask<ConversationsPage>('GET', '/v1/conversations?limit=100', token)).conversations;
    if (rows.every((row) => row.last_seq === heads.get(row.uuid))) break;
    await wait(100);
  }
  expect(new Map(rows.map((row) => [row.uuid, row.last_seq]))).toEqual(heads);
  expect(rows.every((row) => row.unread === row.last_seq - row.read_seq)).toBe(true);
});
