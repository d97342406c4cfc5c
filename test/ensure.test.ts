/** What `npm start` and `npm test` build before anything else, in a checkout of its own where a stand-in for the compiler notes its calls. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** As the compiler does, it leaves a room's note behind when it fails as well; as Vite does, the page only when it succeeds. */
const npx = `#!/bin/sh
echo rooms >> calls
[ ! -e slow ] || sleep 1
mkdir -p dist/server && touch dist/server/.tsbuildinfo
[ ! -e broken ]
`;
const npm = `#!/bin/sh
echo page >> calls
mkdir -p web/dist && touch web/dist/index.html
`;

const sources = ['src/domain/a.ts', 'src/protocol/a.ts', 'src/client/a.ts', 'src/server/a.ts', 'src/cli/a.ts'];
const files = ['package-lock.json', 'node_modules/.package-lock.json', 'web/index.html', ...sources];

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parley-ensure-'));
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), '');
    await age(file, -60);
  }
  for (const script of ['scripts/ensure.mjs', 'scripts/one-at-a-time.mjs']) await cp(script, join(root, script));
  await mkdir(join(root, 'tools'));
  await writeFile(join(root, 'tools/npx'), npx, { mode: 0o755 });
  await writeFile(join(root, 'tools/npm'), npm, { mode: 0o755 });
});
afterEach(() => rm(root, { recursive: true }));

/** Says that a file was written so many seconds from now. */
const age = (file: string, seconds: number): Promise<void> => {
  const at = Date.now() / 1_000 + seconds;
  return utimes(join(root, file), at, at);
};

const environment = () => ({ ...process.env, PATH: `${join(root, 'tools')}${delimiter}${process.env.PATH}` });

const calls = async (): Promise<string[]> =>
  (await readFile(join(root, 'calls'), 'utf8')).split('\n').filter((line) => line !== '');

/** What is built by a start, and whether it goes on. */
const start = async (): Promise<{ built: string[]; status: number | null }> => {
  await writeFile(join(root, 'calls'), '');
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/ensure.mjs')], { env: environment() });
  return { built: await calls(), status };
};

describe('before a start', () => {
  test('everything is built once', async () => {
    expect(await start()).toEqual({ built: ['rooms', 'page'], status: 0 });
    expect(await start()).toEqual({ built: [], status: 0 });
  });

  test('a test asks for no build, since none is made of it', async () => {
    await start();
    await writeFile(join(root, 'src/domain/a.test.ts'), '');
    await age('src/domain/a.test.ts', 60);
    expect(await start()).toEqual({ built: [], status: 0 });
  });

  test('a build that failed is no build: the next start builds again', async () => {
    await writeFile(join(root, 'broken'), '');
    expect(await start()).toEqual({ built: ['rooms'], status: 1 });
    expect(await start()).toEqual({ built: ['rooms'], status: 1 });
    await rm(join(root, 'broken'));
    expect(await start()).toEqual({ built: ['rooms', 'page'], status: 0 });
  });

  test('a room is built when it has changed, whichever it is, and once', async () => {
    await start();
    await age('dist/server/.tsbuildinfo', -30);
    await age('dist/.built', -30);
    await age('src/cli/a.ts', -20);
    expect((await start()).built).toEqual(['rooms']);
    await age('dist/server/.tsbuildinfo', -30);
    expect((await start()).built).toEqual([]);
  });

  test.each(['domain', 'protocol', 'client'])(
    'the page is built when the room %s, which it is made of, has changed',
    async (room) => {
      await start();
      await age('web/dist/index.html', -30);
      await age(`src/${room}/a.ts`, -20);
      expect((await start()).built).toEqual(['page']);
    },
  );

  test('of several at once one builds, and the others wait for it', async () => {
    await writeFile(join(root, 'slow'), '');
    const several = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [join(root, 'scripts/ensure.mjs')], { env: environment(), stdio: 'ignore' }),
    );
    const codes = await Promise.all(several.map(async (one) => (await once(one, 'exit'))[0]));
    expect([codes, await calls()]).toEqual([
      [0, 0, 0],
      ['rooms', 'page'],
    ]);
    expect(await readdir(join(root, 'dist'))).not.toContain('.building');
  });

  test('nobody waits for a build whose process is gone', async () => {
    const { pid } = spawnSync('true');
    await mkdir(join(root, 'dist'));
    await symlink(String(pid), join(root, 'dist/.building'));
    expect(await start()).toEqual({ built: ['rooms', 'page'], status: 0 });
  });
});
