import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LockedError, lockFolder } from './lock.ts';

/** What the lock itself says of this boot of the machine. */
const bootId = (): string => {
  const own = mkdtempSync(join(tmpdir(), 'parley-lock-'));
  lockFolder(own);
  const { boot } = JSON.parse(readFileSync(join(own, 'server.lock'), 'utf8')) as { boot: string };
  rmSync(own, { recursive: true });
  return boot;
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a folder is held once, and free again when it is let go', () => {
  const release = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(LockedError);
  expect(() => lockFolder(folder)).toThrow(new RegExp(`in use by another server \\(process ${process.pid}\\)`));
  release();
  lockFolder(folder)();
  expect(readdirSync(folder)).toEqual([]);
});

test('the lock of a process that was killed is taken over', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  writeFileSync(join(folder, 'server.lock'), JSON.stringify({ pid: child.pid, boot: bootId() }));
  expect(() => lockFolder(folder)).toThrow(LockedError);
  child.kill('SIGKILL');
  await gone;
  lockFolder(folder)();
});

test('a process of the same number that began at another time, or before a restart of the machine, is another', () => {
  writeFileSync(join(folder, 'server.lock'), JSON.stringify({ pid: process.pid, start: '1', boot: bootId() }));
  lockFolder(folder)();
  writeFileSync(join(folder, 'server.lock'), JSON.stringify({ pid: process.pid, boot: 'another' }));
  lockFolder(folder)();
});

test('a lock that cannot be read holds nothing', () => {
  writeFileSync(join(folder, 'server.lock'), '{"pid":');
  lockFolder(folder)();
});

test('of many that start at once, one has the folder', async () => {
  writeFileSync(join(folder, 'server.lock'), JSON.stringify({ pid: 999_999_999, boot: bootId() }));
  const module = new URL('./lock.ts', import.meta.url).href;
  const script = `import { lockFolder } from ${JSON.stringify(module)};
    try { lockFolder(${JSON.stringify(folder)}); console.log('held'); } catch { console.log('refused'); }
    setTimeout(() => process.exit(), 1500);`;
  const outcome = (): Promise<string> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      child.once('exit', () => resolve(text.trim()));
    });
  const outcomes = await Promise.all([outcome(), outcome(), outcome(), outcome()]);
  expect(outcomes.filter((one) => one === 'held')).toHaveLength(1);
  expect(outcomes.filter((one) => one === 'refused')).toHaveLength(3);
});
