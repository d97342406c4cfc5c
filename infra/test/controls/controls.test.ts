/** Every control holds of what is synthesised, and fails when what it speaks of is broken. */
import { describe, expect, it } from 'vitest';
import { readTemplates } from '../support/assemblies.ts';
import { sections } from './all.ts';

const templates = readTemplates('example');

describe.each(sections)('%s', (_title, controls) => {
  it.each(controls)('$practice: $resource, $shownBy', ({ check }) => {
    expect(check(templates)).toEqual([]);
  });
  it.each(controls)('is found out: $practice: $mutation', ({ check, mutate }) => {
    const draft = structuredClone(templates);
    mutate(draft);
    expect(check(draft)).not.toEqual([]);
  });
});
