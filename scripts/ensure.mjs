// Makes a fresh checkout ready: installs what is missing and builds what is stale. Plain Node, since nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { oneAtATime } from './one-at-a-time.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    console.error(`parley: "${command} ${args.join(' ')}" failed${error ? `: ${error.message}` : ''}`);
    process.exit(status ?? 1);
  }
};

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** The newest change below a folder, in milliseconds; what is installed or built aside, and tests, of which nothing is built. */
const newest = (folder) => {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.endsWith('.test.ts')) continue;
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : timeOf(path));
  }
  return time;
};

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`parley: needs Node 20.19 or later; this is ${process.versions.node}`);
  process.exit(1);
}

// npm notes what it installed here; an older note than the lock file means that something is missing.
const installed = join(root, 'node_modules', '.package-lock.json');
const isMissing = () => timeOf(installed) < timeOf(join(root, 'package-lock.json'));

// The compiler leaves notes of its own behind when it fails, too, and none in rooms where nothing is new. This one says when a build
// began that succeeded.
const built = join(root, 'dist', '.built');
const areRoomsStale = () => timeOf(built) < newest(join(root, 'src'));

const page = join(root, 'web', 'dist', 'index.html');
const webSources = join(root, 'web');
// The page is made of its own sources and of the rooms that it imports.
const pageSources = [webSources, ...['client', 'protocol', 'domain'].map((room) => join(root, 'src', room))];
const isPageStale = () =>
  existsSync(join(webSources, 'index.html')) && timeOf(page) < Math.max(...pageSources.map(newest));

// Each is asked again: whoever had to wait finds done what another one did.
const makeReady = () => {
  if (isMissing()) {
    console.log('parley: installing what is missing (once)');
    // Not `npm ci`: it refuses a lock file that lacks other platforms' optional packages, which not every registry has. Without
    // saving, so that the lock file stays as it was checked out.
    run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  if (areRoomsStale()) {
    console.log('parley: building');
    const began = new Date();
    run('npx', ['--no-install', 'tsc', '-b']);
    writeFileSync(built, '');
    utimesSync(built, began, began);
  }
  if (isPageStale()) {
    console.log('parley: building the page');
    run('npm', ['run', 'build', '-w', 'web', '--silent']);
  }
};

if (isMissing() || areRoomsStale() || isPageStale()) oneAtATime(join(root, 'dist', '.building'), makeReady);
