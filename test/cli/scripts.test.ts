/** The scripts of `bin/ddb`, as a person calls them: on the embedded table, and on a DynamoDB server with the word `prod`. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { begin, bin, ended, inTerminal, run } from '../support/bin-scripts.ts';
import { type DynamoServer, skipServerTests, startDynamoServer } from '../support/dynoxide.ts';

// Every call is a process of its own, and a busy machine takes seconds for one.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const scripts = readdirSync(join(bin, 'ddb'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(bin.length + 1));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-scripts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('each script', () => {
  test.each([...scripts, 'users', 'capacity'])('%s says how it is called, and touches nothing', async (script) => {
    const data = join(folder, 'untouched');
    const { code, out } = await run(script, ['--help'], { PARLEY_DATA: data });
    expect([code, out.split(/[\s:]/)[0]]).toEqual([0, script.replace(/^ddb\//, '')]);
    expect(existsSync(data)).toBe(false);
  });

  test('there are seven, and four patterns', () => {
    const names = ['drop', 'import', 'list-tables', 'scan', 'schema-load', 'seed', 'tail'].map((name) => `ddb/${name}`);
    const patterns = ['create-message', 'get-conversation', 'list-conversations', 'update-message-group'];
    expect([...scripts].sort()).toEqual([...names, ...patterns.map((name) => `ddb/patterns/${name}`)].sort());
  });

  test('called wrongly, says so in a line and how to learn more', async () => {
    const { code, err } = await run('ddb/scan', ['--sideways'], { PARLEY_DATA: join(folder, 'untouched') });
    expect([code, err.trim().split('\n').at(-1)]).toEqual([2, '--help says how it is called']);
  });
});

const conversation = (n: number, people: number, messages: number) => ({
  id: `conversation ${n}`,
  messages: Array.from({ length: messages }, (_, m) => ({ from: `person ${m % people}`, text: `text ${n} ${m}` })),
});
const linesOf = (...list: readonly object[]): string => list.map((one) => `${JSON.stringify(one)}\n`).join('');

interface Scanned {
  readonly [attribute: string]: unknown;
}

/** The items as `scan --json` shows them, but for how far the fan-out is: that each run moves on. By their keys. */
const scanned = async (env: Record<string, string>): Promise<Scanned[]> => {
  const { out, err, code } = await run('ddb/scan', ['--json'], env);
  if (code !== 0) throw new Error(err);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Scanned => JSON.parse(line))
    .filter(({ type }) => type !== 'checkpoint')
    .sort((one, other) => (`${one.pk} ${one.sk}` < `${other.pk} ${other.sk}` ? -1 : 1));
};

describe.each([
  { engine: 'the embedded table', server: false, skip: false },
  { engine: 'a DynamoDB server, by the word prod', server: true, skip: skipServerTests },
])('on $engine', ({ server, skip }) => {
  let env: Record<string, string>;
  let dynamo: DynamoServer | undefined;
  const word = server ? ['prod'] : [];

  beforeAll(async () => {
    if (skip) return;
    env = { PARLEY_DATA: join(folder, server ? 'server' : 'embedded') };
    if (server) {
      dynamo = await startDynamoServer();
      const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
      env = { ...env, ...credentials, DYNAMODB_ENDPOINT: dynamo.endpoint };
    }
  });
  afterAll(() => dynamo?.stop());

  test.skipIf(skip)('[TABLE-1] schema-load makes the tables, again without harm; list-tables shows them', async () => {
    for (const _ of ['once', 'again']) {
      const { code, out } = await run('ddb/schema-load', word, env);
      expect([code, out]).toEqual([0, expect.stringContaining('parley-keys: ')]);
    }
    expect((await run('ddb/list-tables', word, env)).out).toMatch(/^parley\b[\s\S]*^parley-keys\b/m);
  });

  test.skipIf(skip)('seed loads the sample, and the second time finds it there', async () => {
    expect((await run('ddb/seed', word, env)).out).toMatch(/^Loaded into/);
    const before = await scanned(env);
    expect((await run('ddb/seed', word, env)).out).toMatch(/there already; nothing was changed/);
    expect(await scanned(env)).toEqual(before);
  });

  test.skipIf(skip)('[TABLE-2] [TABLE-4] each pattern shows its request, its rows and what it consumed', async () => {
    for (const script of ['ddb/schema-load', 'ddb/seed']) await run(script, word, env);
    const a = await run('ddb/patterns/get-conversation', word, env);
    expect(a.out).toMatch(
      /^A listMessages: Query on table\n {4}pk = "MSG#[\w-]{36}" AND sk BETWEEN "0{11}1" AND "9{12}"/m,
    );
    expect(a.out).toMatch(/^consumed in all: [\d.]+ read units, 0 write units$/m);
    expect(a.out).toMatch(/^seq +created_at +handle +message +uuid *$/m);
    const b = await run('ddb/patterns/list-conversations', ['ben', ...word], env);
    expect(b.out).toMatch(/^B listConversations: Query on index inbox\n {4}inbox = "USR#[\w-]{36}"/m);
    expect(b.out).toMatch(/^Ana Keller +\d{4}-/m);
    const c = await run('ddb/patterns/create-message', ['hello from a script', ...word], env);
    expect(c.out).toMatch(/^C appendEntry: PutItem on table\n {4}pk = "MSG#[\w-]{36}" AND sk = "\d{12}"/m);
    expect(c.out).toMatch(/1 write units/);
    const d = await run('ddb/patterns/update-message-group', word, env);
    expect(d.out).toMatch(
      /^D updateMessageGroup: UpdateItem on table\n {4}pk = "USR#[\w-]{36}" AND sk = "GRP#[\w-]{36}"/m,
    );
    expect(d.out).toMatch(/^user_uuid +other_user_handle +last_message_at +last_seq +read_seq *$/m);
    // What was written is what the next reader sees.
    expect((await run('ddb/patterns/get-conversation', word, env)).out).toContain('hello from a script');
  });

  test.skipIf(skip)('import brings in conversations of two and more; importing twice changes nothing', async () => {
    const file = join(folder, `small-${server}.jsonl`);
    await writeFile(file, linesOf(conversation(1, 2, 12), conversation(2, 3, 9), conversation(3, 5, 5)));
    const first = await run('ddb/import', [file, ...word], env);
    expect([first.code, first.out]).toEqual([0, expect.stringContaining('26 messages written, 0 there already')]);
    const before = await scanned(env);
    const groups = before.filter(({ type, kind }) => type === 'conversation' && kind === 'group');
    expect(groups.length).toBeGreaterThan(1);
    const second = await run('ddb/import', [file, ...word], env);
    expect(second.out).toContain('0 messages written, 26 there already');
    expect(second.out).toMatch(/, 0 write units/);
    expect(await scanned(env)).toEqual(before);
  });

  test.skipIf(skip)('drop asks first: nobody there, or a no, and nothing is dropped; --yes drops', async () => {
    const alone = await run('ddb/drop', word, env);
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('say --yes')]);
    const refused = await inTerminal('ddb/drop', word, env, 'no\n');
    expect(refused.out).toMatch(/with everything in it\? Type yes: [\s\S]*Nothing was dropped\./);
    expect((await scanned(env)).length).toBeGreaterThan(100);
    expect((await run('ddb/drop', ['--yes', ...word], env)).out).toMatch(/^Dropped /);
    expect((await run('ddb/list-tables', word, env)).out).not.toMatch(/^parley\b/m);
  });
});

describe('a long import', () => {
  const bytesBelow = (path: string): number =>
    existsSync(path)
      ? readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .reduce((sum, entry) => {
            const file = join(entry.parentPath, entry.name);
            return sum + (statSync(file, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
          }, 0)
      : 0;

  test('killed on its way, goes on where it was; its end is that of one that was not', async () => {
    const file = join(folder, 'long.jsonl');
    const list = Array.from({ length: 240 }, (_, n) => conversation(n, 2 + (n % 3), 20));
    await writeFile(file, linesOf(...list));
    const env = { PARLEY_DATA: join(folder, 'long') };
    let killed = 0;
    for (const bytes of [400_000, 1_500_000]) {
      const child = begin(join(bin, 'ddb/import'), [file], env);
      const end = ended(child);
      let over = false;
      end.then(
        () => {
          over = true;
        },
        () => undefined,
      );
      while (!over && bytesBelow(env.PARLEY_DATA) < bytes) await setTimeout(5);
      child.kill('SIGKILL');
      if ((await end).code === null) killed += 1;
    }
    expect(killed).toBeGreaterThan(0);
    const { out } = await run('ddb/import', [file], env);
    const [, written, found] = /(\d+) messages written, (\d+) there already/.exec(out) ?? [];
    expect(Number(written) + Number(found)).toBe(240 * 20);
    expect([Number(written) > 0, Number(found) > 0]).toEqual([true, true]);
    // Every message once, at its place, and every row at the end of its log.
    const items = await scanned(env);
    const entries = items.filter(({ type }) => type === 'message');
    expect(new Set(entries.map(({ uuid }) => uuid)).size).toBe(240 * 20);
    const rows = items.filter(({ type }) => type === 'inbox_row');
    expect(rows.length).toBe(80 * (2 + 3 + 4));
    expect(rows.filter(({ last_seq }) => last_seq !== 20)).toEqual([]);
  });

  test('shows how far it is to whoever watches, and nothing to whoever does not', async () => {
    const file = join(folder, 'watched.jsonl');
    await writeFile(file, linesOf(...Array.from({ length: 20 }, (_, n) => conversation(1_000 + n, 2, 10))));
    const env = { PARLEY_DATA: join(folder, 'watched') };
    const watched = await inTerminal('ddb/import', [file], env);
    expect(watched.out).toMatch(/\r█+ 100 % {2}200 messages\r?\n/);
    expect((await run('ddb/import', [file], env)).err).toBe('');
  });
});
