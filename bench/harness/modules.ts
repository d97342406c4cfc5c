/**
 * Where a module of the benchmarks lies that another process is to run. Benchmarks are measured compiled (`tsc -b bench`): the
 * loader that runs TypeScript as it is names every function again each time it is made, and that shows in closures.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `name` is a path below `bench/` without its extension. */
export const benchModule = (name: string): string =>
  fileURLToPath(new URL(`../${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url));

/** True when this runs as it is written, not compiled: figures are then for trying out only. */
export const uncompiled = import.meta.url.endsWith('.ts');

/** The standalone server's main module, compiled when this is. */
export const serverModule = (): string =>
  fileURLToPath(new URL(uncompiled ? '../../src/server/main.ts' : '../../server/main.js', import.meta.url));
