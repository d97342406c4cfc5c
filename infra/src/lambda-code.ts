/**
 * The functions' code: each handler of `src/lambda` bundled with what it imports into one module. Bundled from the sources,
 * so that synthesis needs no build before it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type HandlerName = 'fanout' | 'post-confirmation';

/** Gives the folder that holds a handler's code as `index.mjs`; `into` is made when absent. */
export type CodeSource = (name: HandlerName, into: string) => string;

const folderFor = (name: HandlerName, into: string): string => {
  const folder = join(into, name);
  mkdirSync(folder, { recursive: true });
  return folder;
};

/** The real handlers. Native modules are left out: the embedded table never runs in a function. */
export const bundledCode: CodeSource = (name, into) => {
  const folder = folderFor(name, into);
  buildSync({
    entryPoints: [join(root, 'src', 'lambda', `${name}.ts`)],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    conditions: ['source'],
    external: ['lmdb', 'msgpackr-extract'],
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'error',
    // Bundled CommonJS modules call require(), which a module of this format must make for itself.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return folder;
};

/** Stands in where only the template is of interest; the function would refuse to run. */
export const placeholderCode: CodeSource = (name, into) => {
  const folder = folderFor(name, into);
  writeFileSync(
    join(folder, 'index.mjs'),
    "export const handler = () => { throw new Error('synthesised without its code'); };\n",
  );
  return folder;
};
