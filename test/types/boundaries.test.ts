/** BOUND-1 to 3 as types: compiles what must not compile, in earnest, and checks that each mark stands for an error. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const here = dirname(fileURLToPath(import.meta.url));
const compiler = join(here, '../../node_modules/.bin/tsc');
const mark = /^ *\/\/ @ts-expect-error.*\n/gm;

let folder: string;

beforeAll(() => {
  // Inside the package, so that `#table/port` means what it means everywhere.
  folder = mkdtempSync(join(here, '.compiled-'));
  cpSync(join(here, 'table'), folder, { recursive: true });
  const compilerOptions = { composite: false, noEmit: true, rewriteRelativeImportExtensions: false, types: ['node'] };
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions,
    files: ['allowed.ts', 'refused.ts', 'unmarked.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Compiles the folder with this text as `unmarked.ts`; gives its errors by line, and the files that took part. */
const compile = (unmarked: string): { errors: string[]; lines: Set<number>; files: string } => {
  writeFileSync(join(folder, 'unmarked.ts'), unmarked);
  const { stdout } = spawnSync(compiler, ['-p', folder, '--pretty', 'false', '--listFiles'], { encoding: 'utf8' });
  const errors = stdout.split('\n').filter((line) => line.includes('error TS'));
  const lines = new Set(errors.map((line) => Number(/unmarked\.ts\((\d+),/.exec(line)?.[1])));
  return { errors, lines, files: stdout };
};

const refused = readFileSync(join(here, 'table/refused.ts'), 'utf8');

test('[BOUND-1] [BOUND-2] [BOUND-3] what must not compile does not, and what must, does', () => {
  const { errors, files } = compile('export {};');
  expect(errors).toEqual([]);
  for (const name of ['allowed.ts', 'refused.ts', 'port.ts']) expect(files).toContain(`/${name}`);
});

test('[BOUND-1] [BOUND-2] [BOUND-3] every mark stands for an error of its own', () => {
  // Without a mark, its line is the line after it less the marks above.
  const marked = refused
    .split('\n')
    .flatMap((line, i) => (line.trimStart().startsWith('// @ts-expect-error') ? [i] : []));
  const expected = new Set(marked.map((line, above) => line + 1 - above));
  expect(expected.size).toBeGreaterThan(20);
  const { lines } = compile(refused.replace(mark, ''));
  expect([...expected].filter((line) => !lines.has(line))).toEqual([]);
});
