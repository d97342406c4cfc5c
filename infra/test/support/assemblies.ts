/** The assemblies that the global set-up has synthesised, read for a test file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Template, Templates } from './templates.ts';
import type { VariantName } from './variants.ts';

interface Manifest {
  readonly artifacts: { readonly [id: string]: { readonly type: string; readonly environment?: string } };
}

/** Reads the cloud assembly of a variant. */
export function readTemplates(variant: VariantName): Templates {
  const folder = join(inject('assemblies'), variant);
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  const templates: Record<string, Template> = {};
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.template.json'))) {
    const stack = file.replace('.template.json', '');
    const [, account = '', region = ''] =
      /^aws:\/\/(\d+)\/(.+)$/.exec(manifest.artifacts[stack]?.environment ?? '') ?? [];
    const parsed = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Partial<Template>;
    templates[stack] = { account, region, Resources: parsed.Resources ?? {}, Outputs: parsed.Outputs ?? {} };
  }
  return templates;
}
