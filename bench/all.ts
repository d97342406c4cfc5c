/**
 * `npm run bench:all`: measures everything and writes docs/BENCHMARKS.md with its charts, and the figures in README. Figures are kept in
 * docs/images/bench/results.json, so that `--only library,http` renews a part and leaves the rest.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeDocument } from './document.ts';
import { uncompiled } from './harness/modules.ts';
import { withFigures } from './readme.ts';
import { type Results, runSection, sectionNames } from './sections.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    trials: { type: 'string', default: '40' },
    large: { type: 'boolean', default: false },
    conversations: { type: 'string' },
    /** Only writes the document anew, out of the figures kept. */
    'document-only': { type: 'boolean', default: false },
  },
});

const docs = fileURLToPath(new URL(uncompiled ? '../docs/' : '../../docs/', import.meta.url));
const kept = `${docs}images/bench/results.json`;
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const wanted = values.only?.split(',') ?? sectionNames;
for (const name of wanted) {
  if (!sectionNames.some((one) => one === name)) throw new Error(`--only is any of ${sectionNames.join(',')}`);
}
if (uncompiled) say('not compiled: figures are for trying out (npm run bench:all compiles)');

mkdirSync(`${docs}images/bench`, { recursive: true });
let results: Results = existsSync(kept) ? (JSON.parse(readFileSync(kept, 'utf8')) as Results) : {};
const effort = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  trials: Number(values.trials),
  large: values.large,
  conversations: values.conversations,
};
for (const name of sectionNames) {
  if (values['document-only'] || !wanted.includes(name)) continue;
  say(`== ${name}`);
  results = { ...results, ...(await runSection(name, effort, say)) };
  // After each, so that a later one that fails takes nothing with it.
  writeFileSync(kept, `${JSON.stringify(results, undefined, 2)}\n`);
}
const { text, charts } = await writeDocument(results);
for (const { file, svg } of charts) writeFileSync(`${docs}${file}`, svg);
writeFileSync(`${docs}BENCHMARKS.md`, text);
const readme = `${docs}../README.md`;
writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), results));
say(`wrote ${docs}BENCHMARKS.md`);
