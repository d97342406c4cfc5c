/** README claims of speed and cost what was measured: its figures are those of the kept results, and so is docs/BENCHMARKS.md. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { writeDocument } from '../bench/document.ts';
import { withFigures } from '../bench/readme.ts';
import type { Results } from '../bench/sections.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const results = JSON.parse(read('docs/images/bench/results.json')) as Results;

describe('figures', () => {
  test('of README are the measured ones', () => {
    expect(read('README.md')).toBe(withFigures(read('README.md'), results));
  });

  test('of README are replaced when others are measured', () => {
    const [measured] = results.designs?.value ?? [];
    if (results.designs === undefined || measured === undefined) throw new Error('no figures of designs are kept');
    const costs = measured.costs.map((row) => ({ ...row, write: row.write + 11 }));
    const others = { ...results, designs: { ...results.designs, value: [{ ...measured, costs }] } };
    expect(withFigures(read('README.md'), others)).not.toBe(read('README.md'));
  });

  test('of docs/BENCHMARKS.md, and its charts, are the measured ones', async () => {
    const { text, charts } = await writeDocument(results);
    expect(read('docs/BENCHMARKS.md')).toBe(text);
    for (const { file, svg } of charts) expect(read(`docs/${file}`), file).toBe(svg);
  });
});
