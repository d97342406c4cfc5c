/**
 * A process that holds one subject and runs loads on it when told. Each subject has its own, so that no one's garbage and no
 * one's compiled code is another's. Started by `rounds.ts`; speaks over the channel of `fork`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Load, runLoop } from './loop.ts';
import { memoryOf } from './processes.ts';
import { seeded } from './random.ts';
import type { StartSubject } from './subject.ts';
import { makeWorld, type WorldSize } from './world.ts';

export type ToRunner = { readonly load: Load } | { readonly close: true };

export type FromRunner =
  | {
      readonly ready: true;
      readonly versions: Readonly<Record<string, string>>;
      readonly loadedSeconds: number;
      /** Of the servers under test; a library runs in the runner. */
      readonly processes: readonly number[];
    }
  | { readonly skipped: string }
  | { readonly result: Awaited<ReturnType<typeof runLoop>>; readonly memoryBytes: number }
  | { readonly failed: string };

const tell = (message: FromRunner): void => {
  if (process.connected) process.send?.(message);
};

/** @param prepared a folder that was filled before and is not this process's to remove. */
const main = async (modulePath: string, size: WorldSize, prepared: string | undefined): Promise<void> => {
  const module: { readonly start: StartSubject } = await import(modulePath);
  const folder = prepared ?? mkdtempSync(join(tmpdir(), 'parley-bench-'));
  const removeFolder = (): void => {
    if (prepared === undefined) rmSync(folder, { recursive: true, force: true });
  };
  const begin = performance.now();
  const subject = await module.start({ world: makeWorld(size), random: seeded(2), folder });
  if ('skipped' in subject) {
    removeFolder();
    tell({ skipped: subject.skipped });
    process.disconnect();
    return;
  }
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= subject.close().then(() => {
      removeFolder();
      if (process.connected) process.disconnect();
    });
    return closing;
  };
  // Whoever started this may be stopped by hand, even before this is loaded: then nobody says close.
  const closeAndEnd = (): void => {
    close().then(
      () => process.exit(),
      () => process.exit(1),
    );
  };
  process.on('disconnect', closeAndEnd);
  if (!process.connected) closeAndEnd();
  process.on('message', (message: ToRunner) => {
    const answer =
      'close' in message
        ? close()
        : runLoop(subject, message.load).then((result) =>
            tell({ result, memoryBytes: memoryOf([process.pid, ...subject.processes]) }),
          );
    answer.catch((error: unknown) =>
      tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  tell({
    ready: true,
    versions: subject.versions,
    loadedSeconds: (performance.now() - begin) / 1_000,
    processes: subject.processes,
  });
};

const [modulePath, size, prepared] = process.argv.slice(2);
if (modulePath === undefined || size === undefined)
  throw new Error('usage: runner <module> <world size as JSON> [folder]');
main(modulePath, JSON.parse(size) as WorldSize, prepared).catch((error: unknown) => {
  const failed: FromRunner = { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  // What it had begun to start would keep it alive.
  if (process.connected) process.send?.(failed, () => process.exit(1));
  else process.exit(1);
});
