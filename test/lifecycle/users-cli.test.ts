/** `bin/users`, as operators call it: on the embedded table and on a DynamoDB server. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DynamoServer, skipServerTests, startDynamoServer } from '../support/dynoxide.ts';

/** An erasure has a pause of 15 seconds in it, and every call is a process of its own. */
const longMs = 120_000;

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON Lines. */
  readonly lines: Record<string, unknown>[];
}

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

/** Runs a script of `bin/` to its end. */
const run = (script: string, args: readonly string[], env: Record<string, string>): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(join(root, 'bin', script), args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err, lines: linesOf(out) }));
  });

// The two engines side by side, as an erasure spends its time waiting; on each, one call after the other.
describe.concurrent.each([
  { engine: 'the embedded table', server: false, skip: false },
  { engine: 'a DynamoDB server', server: true, skip: skipServerTests },
])('on $engine', ({ server, skip }) => {
  let env: Record<string, string>;
  let folder: string;
  let dynamo: DynamoServer | undefined;
  const users = (...args: string[]): Promise<Ran> => run('users', [...args, '--by', 'the operator'], env);

  beforeAll(async () => {
    if (skip) return;
    folder = await mkdtemp(join(tmpdir(), 'parley-users-'));
    env = { PARLEY_DATA: folder };
    if (server) {
      dynamo = await startDynamoServer();
      env = {
        ...env,
        DYNAMODB_ENDPOINT: dynamo.endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      };
    }
    for (const script of ['ddb/schema-load', 'ddb/seed']) {
      const { code, err } = await run(script, [], env);
      if (code !== 0) throw new Error(err);
    }
  });
  afterAll(async () => {
    if (skip) return;
    await dynamo?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe.sequential('bin/users', () => {
    test.skipIf(skip)(
      '[USER-3] [USER-4] [SEC-5] list, show, disable, enable and export, each in the audit',
      async () => {
        const everybody = (await users('list', '--json')).lines;
        expect(everybody.length).toBeGreaterThan(2);
        expect((await users('disable', '@chiara')).out).toContain('disabled');
        const [shown] = (await users('show', 'chiara', '--json')).lines;
        expect(shown).toMatchObject({ handle: 'chiara', status: 'disabled' });
        expect(Number(shown?.conversations)).toBeGreaterThan(0);
        const exported = (await users('export', String(shown?.uuid))).lines;
        expect([exported[0]?.kind, exported.at(-1)?.kind]).toEqual(['manifest', 'end']);
        const middle = Math.floor(exported.length / 2);
        const [rest, enabled] = await Promise.all([
          users('export', 'chiara', '--cursor', String(exported[middle]?.cursor)),
          users('enable', 'chiara'),
        ]);
        expect(rest.lines).toEqual(exported.slice(middle + 1));
        expect(enabled.out).toContain('enabled');
        const [audit, about] = await Promise.all([
          users('audit', '--json'),
          users('audit', 'chiara', '--json', '--month', new Date().toISOString().slice(0, 7)),
        ]);
        const done = audit.lines.filter((entry) => entry.result === 'done').map((entry) => entry.act);
        expect(new Set(done)).toEqual(new Set(['list', 'show', 'disable', 'enable', 'export']));
        expect(audit.lines.every((entry) => entry.by === 'the operator')).toBe(true);
        expect(new Set(about.lines.map((entry) => entry.act))).toEqual(
          new Set(['show', 'disable', 'enable', 'export']),
        );
      },
      longMs,
    );

    if (server) return;

    test(
      '[USER-5] erase works until it is done; what is left is a receipt, and an audit that names nobody',
      async () => {
        const [victim] = (await users('list', '--json')).lines.filter(({ handle }) => handle === 'emre');
        const uuid = String(victim?.uuid);
        const erased = await users('erase', 'emre', '--yes', '--json');
        expect([erased.code, erased.err]).toEqual([0, '']);
        const [scanned, receipt, audit, listed, resumed] = await Promise.all([
          run('ddb/scan', ['--json'], env),
          users('receipt', String(erased.lines[0]?.receipt), '--json'),
          users('audit', uuid, '--json'),
          users('list'),
          users('resume'),
        ]);
        const named = scanned.lines.filter((item) => JSON.stringify(item).includes(uuid));
        expect(named.map((item) => [item.sk, item.status])).toEqual([['PROFILE', 'erased']]);
        expect(receipt.lines[0]).toMatchObject({ conversations_left: 2, erased_at: expect.any(String) });
        // Who was erased is found by the uuid that whoever asks must know already.
        expect(audit.lines.map((entry) => [entry.act, entry.result])).toEqual([
          ['erase', 'done'],
          ['erase', 'begun'],
        ]);
        expect(listed.out).not.toContain('emre');
        expect([resumed.code, resumed.out]).toEqual([0, '']);
      },
      longMs,
    );

    test(
      'says what is wrong, and does nothing: no command, nobody, no answer to its question',
      async () => {
        const wrong: Ran[] = [];
        const calls = [
          [],
          ['promote', 'ana'],
          ['show'],
          ['show', 'nobody_at_all'],
          ['erase', 'ben'],
          ['export', 'ben', '--cursor', 'nonsense'],
          ['audit', '--month', 'november'],
          ['audit', 'nobody_at_all'],
          ['audit', ''],
          ['list', '--everything'],
        ];
        for (const call of calls) wrong.push(await users(...call));
        expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 1, 2, 1, 2, 1, 2, 2]);
        expect(wrong.map(({ out }) => out).join('')).toBe('');
        expect(wrong[3]?.err).toContain('nobody_at_all');
        expect(wrong[4]?.err).toContain('--yes');
        expect((await users('show', 'ben', '--json')).lines[0]).toMatchObject({ status: 'active' });
        const help = await users('--help');
        for (const name of ['list', 'show', 'disable', 'enable', 'export', 'erase', 'resume', 'receipt', 'audit'])
          expect(help.out).toMatch(new RegExp(`\\b${name} `));
      },
      longMs,
    );
  });
});
