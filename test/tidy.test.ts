/** The repository tests itself: its rooms, its files, its rules and its words. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { keyCatalog } from '#crypto/key-patterns';
import { catalog, type PatternDescription } from '#store/catalog';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const passedOver = new Set(['node_modules', 'dist', '.git', 'cdk.out', 'images']);

const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (passedOver.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const sources = filesBelow('src').filter((path) => path.endsWith('.ts'));
/** Contract suites are no test files themselves, but hold tests. */
const tests = [
  ...filesBelow('test').filter((path) => path.endsWith('.ts')),
  ...[...sources, ...filesBelow('infra'), ...filesBelow('web')].filter((path) => /\.test\.tsx?$/.test(path)),
];
const code = sources.filter((path) => !path.endsWith('.test.ts'));

describe('files', () => {
  test('none of the code is longer than 400 lines', () => {
    const long = code.filter((path) => read(path).split('\n').length > 401);
    expect(long).toEqual([]);
  });

  test('each opens by saying what it is for', () => {
    const silent = code.filter((path) => !/^(#!.*\n)?\/\*\*/.test(read(path)));
    expect(silent).toEqual([]);
  });

  test('none is a barrel or holds a note to come back', () => {
    const words = /\bexport \* from\b|\b(TODO|FIXME|XXX)\b/;
    expect([...code, ...filesBelow('web/src')].filter((path) => words.test(read(path)))).toEqual([]);
  });

  test('nothing imports upwards by a path', () => {
    const climbing = code.filter((path) => /from '\.\.\/\.\.\//.test(read(path)));
    expect(climbing).toEqual([]);
  });
});

describe('rooms', () => {
  /** The text in a file of a room, as a test's: a build that runs meanwhile, beside another test, passes it over. */
  const compile = (room: string, text: string): string => {
    const home = join(root, 'src', room);
    const path = join(home, 'forbidden-for-a-test.test.ts');
    const folder = mkdtempSync(join(tmpdir(), 'parley-rooms-'));
    const { compilerOptions, references = [] } = JSON.parse(read(`src/${room}/tsconfig.json`));
    const config = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: {
        ...compilerOptions,
        rootDir: home,
        typeRoots: [join(root, 'node_modules', '@types')],
        // A file of another room would be emitted beside its source.
        noEmitOnError: true,
        outDir: folder,
        tsBuildInfoFile: join(folder, 'info'),
      },
      files: [path],
      references: references.map((one: { readonly path: string }) => ({ path: join(home, one.path) })),
    };
    writeFileSync(path, text);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    try {
      return spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' }).stdout;
    } finally {
      rmSync(path);
      rmSync(folder, { recursive: true });
    }
  };

  test('a room that imports from one above it does not compile', () => {
    expect(compile('table', "import { catalog } from '#store/catalog';\nexport const up = catalog;\n")).toContain(
      'TS6307',
    );
    expect(compile('table', "import { isoTime } from '#domain/time';\nexport const down = isoTime;\n")).toBe('');
  });

  test('the domain sees no clock, no socket, no file and no process', () => {
    const names = ['process', 'setTimeout', 'fetch', 'console', 'Buffer'];
    const reaching = names.map((name, n) => `export const reach${n} = ${name};`);
    const faults = compile('domain', ["import { readFileSync } from 'node:fs';", ...reaching].join('\n'));
    for (const name of [...names, 'node:fs']) expect(faults).toMatch(new RegExp(`error TS\\d+: .*'${name}'`));
  });

  test('only composition roots name concrete adapters', () => {
    const adapters =
      /from '#(crypto\/(sealer|table-keyring|kms-wrapper|local-wrapper)|cache\/(?!port)[a-z-]+|bus\/(?!port|valkey-link)[a-z-]+|table\/(embedded|dynamodb|dax)\/[a-z-]+)'/;
    const roots = /^src\/(server|cli|lambda|entry)\//;
    const own = (path: string) => path.split('/').slice(0, 2).join('/');
    const naming = code.filter(
      (path) => !roots.test(path) && adapters.test(read(path).replaceAll(`'#${own(path).slice(4)}/`, '')),
    );
    expect(naming).toEqual([]);
  });

  test('[TABLE-2] no room but the store knows the main table’s keys', () => {
    const keys = /['"`](MSG|USR|GRP|HDL|BLK|CHK)#|'PROFILE'/;
    const knowing = code.filter((path) => !path.startsWith('src/store/') && keys.test(read(path)));
    expect(knowing).toEqual([]);
  });

  test('[TABLE-2] no pattern scans the main table; the command line scans, and what it has the keys’ table walked by', () => {
    const scanning = code.filter((path) => /\.scan\(/.test(read(path)) && !/^src\/(table|cli)\//.test(path));
    expect(scanning).toEqual(['src/crypto/key-store.ts']);
    expect(Object.values<PatternDescription>(catalog).some(({ operation }) => /scan/i.test(operation))).toBe(false);
  });

  test('[TABLE-3] nothing writes several items as one transaction', () => {
    expect(code.filter((path) => /TransactWrite/.test(read(path)))).toEqual([]);
  });
});

test('[TABLE-1] the tables are described in one file', () => {
  const describing = code.filter(
    (path) => /NEW_AND_OLD_IMAGES|pointInTimeRecovery:/.test(read(path)) && !path.startsWith('src/table/'),
  );
  expect(describing).toEqual([]);
});

test('[BOUND-4] every item type is read by a pattern', () => {
  const reading = new Set(['GetItem', 'BatchGetItem', 'Query']);
  const readable = new Set(
    Object.values<PatternDescription>(catalog).flatMap(({ operation, items }) => (reading.has(operation) ? items : [])),
  );
  const types = [...read('src/store/items.ts').matchAll(/readonly type: '([a-z_]+)'/g)].map(([, type]) => type);
  expect(types.length).toBeGreaterThan(6);
  expect(types.filter((type) => type === undefined || !readable.has(type as never))).toEqual([]);
  expect(Object.keys(keyCatalog).length).toBeGreaterThan(0);
});

test('every rule of docs/SPEC.md has a test that carries its id', () => {
  const rules = [...read('docs/SPEC.md').matchAll(/^- \*\*([A-Z]+-\d+)\*\*/gm)].map(([, id]) => id ?? '');
  expect(rules.length).toBeGreaterThanOrEqual(50);
  const named = tests.map(read).join('\n');
  expect(rules.filter((id) => !named.includes(`[${id}]`))).toEqual([]);
});

describe('docs/SECURITY.md', () => {
  const document = read('docs/SECURITY.md');
  const quoted = [...document.matchAll(/`([^`\n]+)`/g)].map(([, words]) => words ?? '');

  test('names no test that does not exist: by its rule, by its title, or by its file', () => {
    const written = tests.map(read).join('\n');
    const titles = quoted.filter((words) => /^\[[A-Z]+-\d+\]/.test(words));
    const files = quoted.filter((words) => /^(test|src|infra)\/.*\.ts$/.test(words));
    expect([titles.length > 40, files.length > 4]).toEqual([true, true]);
    // A title may be cut short by an ellipsis.
    expect(titles.filter((title) => !written.includes(title.replace(/ ?…$/, '')))).toEqual([]);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test('says of each attack and each risk what stops it, and how that is shown', () => {
    const rows = document.split('\n').filter((line) => line.startsWith('| '));
    const risks = rows.filter((line) => /^\| API\d+ /.test(line));
    expect(risks.map((line) => /^\| (API\d+) /.exec(line)?.[1])).toEqual(
      Array.from({ length: 10 }, (_, n) => `API${n + 1}`),
    );
    const attacks = rows.filter((line) => line.split('|').length === 6 && !/^\| (attack|---)/.test(line));
    expect(attacks.length).toBeGreaterThan(25);
    const unshown = [...attacks, ...risks].filter((line) => !/`[^`]+`[^|]*\|$/.test(line));
    expect(unshown.filter((line) => !line.includes('**not stopped**'))).toEqual([]);
  });
});

test('every relative link of the documents leads somewhere', () => {
  const documents = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...filesBelow('docs')].filter(
    (path) => path.endsWith('.md') && existsSync(join(root, path)),
  );
  const broken = documents.flatMap((path) =>
    [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, target]) => join(dirname(path), target ?? ''))
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${path}: ${relative('.', target)}`),
  );
  expect(broken).toEqual([]);
});
