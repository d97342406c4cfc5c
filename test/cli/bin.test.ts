/** The scripts of `bin` themselves, in a checkout of their own in which nothing is built: what they find, and what they make. */
import { cp, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { begin, bin, ended } from '../support/bin-scripts.ts';

/** Stands in for the one that installs and builds: what it makes says what it was called with. */
const ensure = `
import { mkdirSync, writeFileSync } from 'node:fs';
const cli = new URL('../dist/cli/', import.meta.url);
mkdirSync(new URL('capacity/', cli), { recursive: true });
for (const name of ['main.js', 'capacity/run.js'])
  writeFileSync(new URL(name, cli), 'console.log("ran", ...process.argv.slice(2))');
writeFileSync(new URL('../.built', cli), '');
console.log('building');
`;

const names = (await readdir(bin, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(bin.length + 1));

const roots: string[] = [];
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true }))));

/** A checkout that was installed and has one source, of which nothing is built. */
const checkout = async (): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'parley-bin-'));
  roots.push(root);
  await cp(bin, join(root, 'bin'), { recursive: true });
  for (const folder of ['scripts', 'src', 'node_modules']) await mkdir(join(root, folder));
  for (const file of ['src/a.ts', 'src/a.test.ts', 'package-lock.json', 'node_modules/.package-lock.json'])
    await writeFile(join(root, file), '');
  await cp(join(bin, '../scripts/ready.sh'), join(root, 'scripts/ready.sh'));
  await writeFile(join(root, 'scripts/ensure.mjs'), ensure);
  return root;
};

test.concurrent.each(names)('%s builds what is missing, and is found through a link', async (name) => {
  const root = await checkout();
  const link = join(root, 'a-link');
  await symlink(join(root, 'bin', name), link);
  const { code, out, err } = await ended(begin(link, ['word'], {}));
  const command = name === 'capacity' ? '' : `${name.replace(/^ddb\//, '')} `;
  expect([code, out, err]).toEqual([0, `ran ${command}word\n`, 'building\n']);
});

describe('a script that is built', () => {
  /** Says that a file was written a minute from now, and calls a script: what it says of building. */
  const callAfter = async (root: string, newer?: string): Promise<string> => {
    const inAMinute = Date.now() / 1_000 + 60;
    if (newer !== undefined) await utimes(join(root, newer), inAMinute, inAMinute);
    const { code, out, err } = await ended(begin(join(root, 'bin/users'), [], {}));
    expect([code, out]).toEqual([0, 'ran users\n']);
    return err;
  };

  test.each([
    ['a source that is newer', 'src/a.ts', 'building\n'],
    ['a lock file that is newer', 'package-lock.json', 'building\n'],
    ['a test that is newer, of which nothing is built', 'src/a.test.ts', ''],
  ])('is built again, or not, for %s', async (_, file, said) => {
    const root = await checkout();
    await callAfter(root);
    expect(await callAfter(root)).toBe('');
    expect(await callAfter(root, file)).toBe(said);
  });

  test('in a package, which has no sources, is never built', async () => {
    const root = await checkout();
    await callAfter(root);
    await rm(join(root, 'src'), { recursive: true });
    expect(await callAfter(root, 'package-lock.json')).toBe('');
  });
});
