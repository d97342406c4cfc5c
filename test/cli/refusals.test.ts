/** What the scripts refuse, and how a failure is told: one line that says what is wrong, never a trace. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { lockFolder } from '#server/lock';
import { begin, bin, ended, inTerminal, type Ran, run } from '../support/bin-scripts.ts';
import { type DynamoServer, skipServerTests, startDynamoServer } from '../support/dynoxide.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-refusals-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const usage = '--help says how it is called';

/** One line, and for a mistake in the call one more that says where to look. */
const refusal = ({ code, out, err }: Ran): { code: number | null; line: string } => {
  const lines = err.trim().split('\n');
  if (code === 2) expect(lines.pop()).toBe(usage);
  expect([out, lines]).toEqual(['', [expect.any(String)]]);
  return { code, line: lines[0] ?? '' };
};

describe('a script refuses', () => {
  test.concurrent.each([
    'ddb/drop Prod --yes',
    'ddb/scan foo',
    'ddb/seed foo',
    'ddb/schema-load foo',
    'ddb/list-tables foo',
    'ddb/tail foo --once',
    'ddb/import a foo',
    'ddb/patterns/list-conversations ana foo',
    'ddb/patterns/get-conversation a foo',
    'ddb/patterns/update-message-group a foo',
    'users list foo',
    'users resume foo',
    'users show ana foo',
  ])('words that it does nothing with, and does nothing: %s', async (line) => {
    const [script = '', ...args] = line.split(' ');
    const data = join(folder, `words ${line.replaceAll('/', ' ')}`);
    const { code, line: said } = refusal(await run(script, args, { PARLEY_DATA: data }));
    expect([code, said]).toEqual([2, expect.stringMatching(/^what is "(foo|Prod)"\?/)]);
    expect(existsSync(data)).toBe(false);
  });

  test.concurrent.each([
    'ddb/scan --limit abc',
    'ddb/scan --limit 0',
    'ddb/patterns/get-conversation --limit abc',
    'ddb/patterns/get-conversation --limit 0',
    'ddb/patterns/list-conversations --limit foo',
    'ddb/patterns/list-conversations --limit 1.5',
  ])('a limit that is no count: %s', async (line) => {
    const [script = '', ...args] = line.split(' ');
    const { code, line: said } = refusal(await run(script, args, { PARLEY_DATA: join(folder, 'limits') }));
    expect([code, said]).toEqual([2, expect.stringMatching(/^--limit is "\S+": give a whole number from 1 to \d+$/)]);
  });

  test('an option that it takes for the value of the one before, in one line', async () => {
    const { code, line } = refusal(await run('ddb/scan', ['--limit', '-1'], { PARLEY_DATA: join(folder, 'limits') }));
    expect([code, line]).toEqual([2, expect.stringMatching(/^Option '--limit' argument is ambiguous/)]);
  });

  test('to take an empty AWS_REGION for the embedded table, where the word prod says otherwise', async () => {
    // The name of a table is refused on the embedded one, so the question whether to drop it says where that would be.
    const { line } = refusal(await run('ddb/drop', ['prod'], { AWS_REGION: '', DYNAMODB_TABLE: 'talk' }));
    expect(line).toMatch(/^drop asks first/);
  });
});

/** No server answers there. The cloud's library would say on the way that it will not go on with this version of Node. */
const nowhere = {
  DYNAMODB_ENDPOINT: 'http://127.0.0.1:1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

describe('a failure is one line', () => {
  test('drop of a folder that a server is at work in', async () => {
    const data = join(folder, 'locked');
    await mkdir(data);
    const unlock = lockFolder(data);
    const { code, line } = refusal(await run('ddb/drop', ['--yes'], { PARLEY_DATA: data }));
    unlock();
    expect([code, line]).toEqual([1, expect.stringMatching(/in use by another server/)]);
  });

  test('drop of a folder that is not ours', async () => {
    const data = join(folder, 'not ours');
    await mkdir(data);
    await chmod(data, 0o500);
    // The superuser writes anywhere, unless that right is taken from them.
    const asAnybody = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--'];
    const [command = '', ...args] = [...(process.getuid?.() === 0 ? asAnybody : []), join(bin, 'ddb/drop'), '--yes'];
    const { code, line } = refusal(await ended(begin(command, args, { PARLEY_DATA: data })));
    expect([code, line]).toEqual([1, expect.stringMatching(/^EACCES/)]);
  });

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('a question that is left with %s is answered with no', async (_, key) => {
    const { out } = await inTerminal('ddb/drop', [], { PARLEY_DATA: join(folder, 'asked') }, key, 'Type yes: ');
    expect(out).toMatch(/Type yes: [\s\S]*\nNothing was dropped\.\r?\n$/);
    expect(out).not.toMatch(/Error|\bat \S+:\d+/);
  });

  test.concurrent.each(['ddb/scan', 'ddb/list-tables', 'ddb/schema-load', 'ddb/drop --yes', 'users list'])(
    'a file in the place of the data folder: %s',
    async (command) => {
      const [script = '', ...args] = command.split(' ');
      const data = join(folder, `file ${command.replaceAll('/', ' ')}`);
      await writeFile(data, '');
      const { code, line } = refusal(await run(script, args, { PARLEY_DATA: data }));
      expect([code, line]).toEqual([1, `${data} is no folder (PARLEY_DATA)`]);
    },
  );

  test('import of a folder', async () => {
    const { code, line } = refusal(await run('ddb/import', [folder], { PARLEY_DATA: join(folder, 'import') }));
    expect([code, line]).toEqual([2, expect.stringMatching(/ is a folder/)]);
  });

  test.concurrent.each(['list-tables', 'schema-load', 'scan', 'patterns/list-conversations'])(
    'nobody at the endpoint: %s',
    async (script) => {
      const { code, line } = refusal(await run(`ddb/${script}`, [], { ...nowhere, PARLEY_DATA: join(folder, script) }));
      expect([code, line]).toEqual([1, expect.stringMatching(/ECONNREFUSED/)]);
    },
  );

  test('a chart that cannot be written', async () => {
    const { code, line } = refusal(await run('capacity', ['--users', '1000', '--chart', '/nonexistent/x.svg'], {}));
    expect([code, line]).toEqual([1, expect.stringMatching(/^capacity: the chart cannot be written: ENOENT/)]);
  });

  test.skipIf(!existsSync('/dev/full')).each(['capacity', 'ddb/list-tables'])(
    'a disk that is full: %s',
    async (script) => {
      const child = begin('sh', ['-c', 'exec "$0" > /dev/full', join(bin, script)], {
        PARLEY_DATA: folder,
      });
      const { code, line } = refusal(await ended(child));
      expect([code, line]).toEqual([1, expect.stringMatching(/^the output cannot be written: ENOSPC/)]);
    },
  );
});

test('a script minds nothing of what only a server uses, such as a HOST that a shell has set', async () => {
  const env = { PARLEY_DATA: join(folder, 'no server'), HOST: 'x86_64-conda-linux-gnu', PORT: 'abc' };
  const { code, err } = await run('ddb/schema-load', [], env);
  expect([code, err]).toEqual([0, '']);
});

describe('a script that works on what is there', () => {
  test.concurrent.each([
    'ddb/scan',
    'ddb/list-tables',
    'ddb/tail --once',
    'ddb/patterns/get-conversation',
    'ddb/patterns/list-conversations',
    'ddb/patterns/create-message hello',
    'ddb/patterns/update-message-group',
    'users list',
  ])('%s says of a folder that is not there that it is not, and makes none', async (command) => {
    const [script = '', ...args] = command.split(' ');
    const data = join(folder, `mistyped ${command.replaceAll('/', ' ')}`);
    const { code, line } = refusal(await run(script, args, { PARLEY_DATA: data }));
    expect([code, line]).toEqual([1, expect.stringContaining(`there is nothing in ${data}`)]);
    expect(existsSync(data)).toBe(false);
  });

  test('says which folder it looked in, where only a name was given', async () => {
    const { line } = refusal(await run('ddb/scan', [], { PARLEY_DATA: 'no-such-folder' }));
    expect(line).toContain(`there is nothing in ${join(process.cwd(), 'no-such-folder')} (PARLEY_DATA)`);
  });

  test('says of what is in a folder where that is, so that nobody loads or drops what is elsewhere', async () => {
    const called = begin('sh', ['-c', 'cd "$0" && exec "$1"', folder, join(bin, 'ddb/schema-load')], {
      PARLEY_DATA: 'a name',
    });
    expect((await ended(called)).out).toContain(`in the embedded table in ${join(folder, 'a name')}\n`);
  });

  test('drop says of a folder that is not there that nothing was dropped', async () => {
    const data = join(folder, 'mistyped for drop');
    const { code, out, err } = await run('ddb/drop', ['--yes'], { PARLEY_DATA: data });
    expect([code, out, err]).toEqual([0, `There is nothing in ${data}; nothing was dropped.\n`, '']);
    expect(existsSync(data)).toBe(false);
  });
});

describe('an import', () => {
  const messages = [
    { from: 'a', text: 'hello' },
    { from: 'b', text: 'hi' },
  ];
  const importOf = async (name: string, text: string): Promise<Ran> => {
    await writeFile(join(folder, name), text);
    return run('ddb/import', [join(folder, name)], { PARLEY_DATA: join(folder, 'imported') });
  };

  test('names the line and the conversation of what cannot be stored', async () => {
    const bad = { id: 'the bad one', messages: [...messages, { from: 'a', text: ' ' }] };
    const { code, line } = refusal(await importOf('bad.jsonl', `\n${JSON.stringify(bad)}\n`));
    expect([code, line]).toEqual([2, 'line 2, "the bad one": text: must not be blank']);
  });

  test('takes no other letters than those of UTF-8, which would be stored as what they are not', async () => {
    const line = Buffer.from(
      JSON.stringify({ id: 'latin', messages: [{ from: 'a', text: 'Grüße' }, ...messages] }),
      'latin1',
    );
    await writeFile(join(folder, 'latin.jsonl'), line);
    const { code, line: said } = refusal(
      await run('ddb/import', [join(folder, 'latin.jsonl')], { PARLEY_DATA: join(folder, 'imported') }),
    );
    expect([code, said]).toEqual([2, 'line 1: is not UTF-8']);
  });

  test('takes a text that holds a line separator, which JSON leaves as it is', async () => {
    const separated = { id: 'separated', messages: [{ from: 'a', text: 'Grüße\u2028from afar' }, ...messages] };
    const { code, out } = await importOf('separated.jsonl', `${JSON.stringify(separated)}\n`);
    expect([code, out]).toEqual([0, expect.stringContaining('3 messages written')]);
  });

  test('takes a file that begins with a byte order mark', async () => {
    const { code, out } = await importOf('marked.jsonl', `\uFEFF${JSON.stringify({ id: 'marked', messages })}\n`);
    expect([code, out]).toEqual([0, expect.stringContaining('2 messages written')]);
  });
});

describe.skipIf(skipServerTests)('on a server without tables', () => {
  let dynamo: DynamoServer;
  beforeAll(async () => {
    dynamo = await startDynamoServer();
  });
  afterAll(() => dynamo.stop());

  test.concurrent.each(['scan', 'patterns/list-conversations', 'patterns/get-conversation', 'seed'])(
    '%s names the script that makes them',
    async (script) => {
      const env = { ...nowhere, DYNAMODB_ENDPOINT: dynamo.endpoint, DYNAMODB_TABLE: 'not-made' };
      const { code, line } = refusal(await run(`ddb/${script}`, [], { ...env, PARLEY_DATA: join(folder, 'keys') }));
      expect([code, line]).toEqual([1, expect.stringMatching(/^the table not-made .*; bin\/ddb\/schema-load makes/)]);
    },
  );
});
