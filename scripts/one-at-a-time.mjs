// Two builds of one checkout at once read what the other has half written, and fail: whoever comes second waits for the first.
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';

const lookAgainMs = 100;
/** No build takes this long: its process was killed, and another one has its number. */
const heldMsMax = 5 * 60_000;

/** The process that holds the path, or undefined where it is free, or its holder is gone. */
const holderOf = (path) => {
  try {
    const pid = Number(readlinkSync(path));
    if (Date.now() - lstatSync(path).mtimeMs > heldMsMax) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return error.code === 'EPERM' ? Number(readlinkSync(path)) : undefined;
  }
};

const hold = (path) => {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; ; ) {
    try {
      // A link is there at once with what it says, unlike a file.
      symlinkSync(String(process.pid), path);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = holderOf(path);
    if (holder === undefined) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) console.log(`parley: waiting for the build of process ${holder}`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookAgainMs);
  }
};

/** Does the work while it holds the path; before, waits while another process has it, and says so once. */
export const oneAtATime = (path, work) => {
  hold(path);
  const release = () => rmSync(path, { force: true });
  // Work that fails ends the process.
  process.once('exit', release);
  work();
  process.off('exit', release);
  release();
};
