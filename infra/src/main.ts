/** `npm run synth`: writes the templates to `cdk.out`, or says everything that is wrong with them. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Validations } from 'aws-cdk-lib';
import { buildApp } from './app.ts';
import { loadConfig } from './config.ts';
import { bundledCode } from './lambda-code.ts';
import { acknowledge, packs } from './validation.ts';

const infra = dirname(dirname(fileURLToPath(import.meta.url)));
const config = loadConfig(process.env.PARLEY_INFRA_CONFIG ?? join(infra, 'config', 'example.json'));
const outdir = join(infra, 'cdk.out');
const app = buildApp(config, bundledCode, outdir, { outdir });
acknowledge(app, config);
Validations.of(app).addPlugins(...packs(app));
const assembly = app.synth();
for (const stack of assembly.stacks)
  console.log(`${stack.stackName}\t${stack.environment.account} ${stack.environment.region}`);
