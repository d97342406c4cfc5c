/** The whole deployment, stack by stack, in the order each is needed. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { App, type AppProps } from 'aws-cdk-lib';
import type { Config } from './config.ts';
import type { CodeSource } from './lambda-code.ts';
import { cacheStack } from './stacks/cache.ts';
import { complianceStack } from './stacks/compliance.ts';
import { dataStack } from './stacks/data.ts';
import { fanoutStack } from './stacks/fanout.ts';
import { identityStack } from './stacks/identity.ts';
import { type Keys, keysStack } from './stacks/keys.ts';
import { type Network, networkStack } from './stacks/network.ts';
import { organizationStack } from './stacks/organization.ts';
import { registryStack } from './stacks/registry.ts';
import { rolesStack } from './stacks/roles.ts';
import { serviceStack } from './stacks/service.ts';
import { trailStack } from './stacks/trail.ts';
import { watchStack } from './stacks/watch.ts';

const recommended = createRequire(import.meta.url)('aws-cdk-lib/recommended-feature-flags.json') as Record<
  string,
  unknown
>;

/** What synthesis is told: recommended behaviour throughout, and a finding of the validator is an error, not a warning. */
export const context: Readonly<Record<string, unknown>> = {
  ...recommended,
  '@aws-cdk/core:validateAgainstDefaultRules': true,
  // An export and an import, which CloudFormation protects: what is in use cannot be taken away.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
};

/** Builds the app; nothing is written before `synth`. `code` says where the functions' code comes from. */
export function buildApp(config: Config, code: CodeSource, assets: string, props: AppProps = {}): App {
  const app = new App({ analyticsReporting: false, postCliContext: { ...context }, ...props });
  const regions = [config.region, ...config.replicaRegions];
  const perRegion = new Map<string, { keys: Keys; network: Network }>();
  for (const region of regions) {
    const keys = keysStack(app, config, region);
    perRegion.set(region, { keys, network: networkStack(app, config, region, keys.logs) });
    complianceStack(app, config, region, keys.logs);
  }
  const of = (region: string) => {
    const found = perRegion.get(region);
    if (found === undefined) throw new Error(`no stacks were made for ${region}`);
    return found;
  };
  const home = of(config.region);
  const { keys, network } = of(config.activeRegion);

  const data = dataStack(app, config, home.keys, home.network);
  const roles = rolesStack(app, config, keys);
  const registry = registryStack(app, config, keys);
  const identity = identityStack(app, config, {
    keys,
    network,
    roles,
    code: code('post-confirmation', join(assets, 'functions')),
  });
  const caches = cacheStack(app, config, keys, network, roles);
  const service = serviceStack(app, config, { caches, identity, keys, network, registry, roles });
  const fanout = fanoutStack(app, config, {
    caches,
    data,
    keys,
    network,
    roles,
    code: code('fanout', join(assets, 'functions')),
  });
  watchStack(app, config, { fanout, identity, keys, network, service });
  trailStack(app, config);
  organizationStack(app, config);
  // Replicas are encrypted with keys of their own region, which must be there first.
  for (const region of config.replicaRegions) data.stack.addStackDependency(of(region).keys.stack);
  return app;
}
