/** Once for all test files: synthesises every variant, with the validator and the rule packs on, into a temporary folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validations } from 'aws-cdk-lib';
import type { TestProject } from 'vitest/node';
import { buildApp } from '../../src/app.ts';
import { placeholderCode } from '../../src/lambda-code.ts';
import { acknowledge, packs } from '../../src/validation.ts';
import { variants } from './variants.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder that holds a cloud assembly for each variant, by name. */
    assemblies: string;
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'parley-infra-'));
  for (const [name, config] of Object.entries(variants)) {
    const outdir = join(folder, name);
    const app = buildApp(config, placeholderCode, outdir, { outdir });
    acknowledge(app, config);
    Validations.of(app).addPlugins(...packs(app));
    app.synth();
  }
  project.provide('assemblies', folder);
  return () => rmSync(folder, { recursive: true });
}
