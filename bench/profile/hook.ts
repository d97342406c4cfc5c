/**
 * Loaded before a process's own module (`--import`): V8's sampling profiler begins at the first SIGUSR2 and ends at the second, when
 * the profile is written as `<pid>.cpuprofile` into the folder that the address of this module names (`?folder=…`).
 */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

const intervalMicros = 200;

const folder = new URL(import.meta.url).searchParams.get('folder');
if (folder === null) throw new Error('the address of the hook names no folder');
const path = join(folder, `${process.pid}.cpuprofile`);
const session = new Session();
session.connect();

let running = false;
const toggle = async (): Promise<void> => {
  if (running) {
    const { profile } = await session.post('Profiler.stop');
    // Written aside and renamed: whoever waits for the file finds all of it.
    writeFileSync(`${path}.part`, JSON.stringify(profile));
    renameSync(`${path}.part`, path);
  } else {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: intervalMicros });
    await session.post('Profiler.start');
    writeFileSync(`${path}.started`, '');
  }
  running = !running;
};

process.on('SIGUSR2', () => {
  toggle().catch((error: unknown) => process.stderr.write(`the profiler failed: ${String(error)}\n`));
});
