/** The scripts of `bin` themselves, in a checkout of their own in which nothing is built: what they find, and what they make. */
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { begin, bin, ended } from '../support/bin-scripts.ts';

/** Stands in for the one that installs and builds: what it makes says what it was called with. */
const ensure = `
import { mkdirSync, writeFileSync } from 'node:fs';
const cli = new URL('../dist/cli/', import.meta.url);
mkdirSync(new URL('capacity/', cli), { recursive: true });
for (const name of ['main.js', 'capacity/run.js'])
  writeFileSync(new URL(name, cli), 'console.log("ran", ...process.argv.slice(2))');
console.log('building');
`;

const names = (await readdir(bin, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(bin.length + 1));

test.concurrent.each(names)('%s builds what is missing, and is found through a link', async (name) => {
  const root = await mkdtemp(join(tmpdir(), 'parley-bin-'));
  await cp(bin, join(root, 'bin'), { recursive: true });
  await mkdir(join(root, 'scripts'));
  await writeFile(join(root, 'scripts', 'ensure.mjs'), ensure);
  const link = join(root, 'a-link');
  await symlink(join(root, 'bin', name), link);
  const { code, out, err } = await ended(begin(link, ['word'], {}));
  const command = name === 'capacity' ? '' : `${name.replace(/^ddb\//, '')} `;
  expect([code, out, err]).toEqual([0, `ran ${command}word\n`, 'building\n']);
  await rm(root, { recursive: true });
});
