/** The versions of what is measured, read from what is installed. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The version of an installed package, whose main file may lie some folders deep in it. */
export const installedVersion = (name: string): string => {
  const entry = createRequire(import.meta.url).resolve(name);
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const said = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (said.name === name && said.version !== undefined) return said.version;
    } catch {
      // Not every folder on the way has one.
    }
  }
  throw new Error(`${name} is not installed`);
};
