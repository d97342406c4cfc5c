/** The validation itself: that it can fail, that our own rules see the tables, and that nothing is accepted without need. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { afterAll, describe, expect, it } from 'vitest';
import { buildApp, context } from '../src/app.ts';
import { placeholderCode } from '../src/lambda-code.ts';
import { acceptedFindings, packs, validator } from '../src/validation.ts';
import { put } from './controls/control.ts';
import { readTemplates } from './support/assemblies.ts';
import { type Json, resourcesOf } from './support/templates.ts';
import { type VariantName, variants } from './support/variants.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-validation-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Violation {
  readonly ruleName: string;
  readonly severity?: string;
  readonly violatingResources?: readonly { readonly constructPath?: string }[];
  readonly violatingConstructs?: readonly { readonly constructPath?: string }[];
}

describe('the validator fails a synthesis', () => {
  const synth = (outdir: string, make: (stack: Stack) => void) => {
    const app = new App({ analyticsReporting: false, postCliContext: { ...context }, outdir: join(folder, outdir) });
    make(new Stack(app, 'Wrong'));
    Validations.of(app).addPlugins(validator());
    return () => app.synth();
  };
  it('for a value that CloudFormation would refuse', () => {
    expect(
      synth('enum', (stack) => {
        new dynamodb.CfnTable(stack, 'Table', {
          keySchema: [{ attributeName: 'pk', keyType: 'SORT' }],
          attributeDefinitions: [{ attributeName: 'pk', attributeType: 'S' }],
        });
      }),
    ).toThrow('A copy of this report');
  });
  it('for a TableV2 without recovery, which no published rule would see', () => {
    expect(
      synth('table', (stack) => {
        new dynamodb.TableV2(stack, 'Table', { partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING } });
      }),
    ).toThrow('GLOBAL_TABLE_RECOVERY');
  });
});

describe('our rules look at TableV2', () => {
  const templates = readTemplates('example');
  const plugin = validator();
  /** Rules of `tables.guard` that a template of the tables' stack breaks. */
  const broken = (mutation?: readonly [path: string, value: Json | undefined]): string[] => {
    const draft = structuredClone(templates);
    const [table] = resourcesOf(draft, 'AWS::DynamoDB::GlobalTable');
    if (table === undefined) throw new Error('no table');
    if (mutation !== undefined) put(draft, table, ...mutation);
    const templatePath = join(folder, 'data.template.json');
    writeFileSync(templatePath, JSON.stringify({ Resources: draft.ParleyData?.Resources }));
    const stack = { stackConstructPath: 'ParleyData', templatePath, accountId: '222222222222', region: 'eu-central-1' };
    const report = plugin.validate({ templatePaths: [templatePath], stackTemplates: [stack] } as never);
    return report.violations.map(({ ruleName }) => ruleName).filter((name) => name.startsWith('GLOBAL_TABLE_'));
  };
  it('and find nothing in what is synthesised', () => {
    expect(broken()).toEqual([]);
  });
  it.each([
    [
      'GLOBAL_TABLE_RECOVERY',
      'Properties.Replicas.0.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
      false,
    ],
    ['GLOBAL_TABLE_DELETION_PROTECTION', 'Properties.Replicas.0.DeletionProtectionEnabled', false],
    ['GLOBAL_TABLE_CUSTOMER_KEY', 'Properties.SSESpecification.SSEEnabled', false],
    ['GLOBAL_TABLE_CUSTOMER_KEY', 'Properties.Replicas.0.SSESpecification', undefined],
    ['GLOBAL_TABLE_ON_DEMAND', 'Properties.BillingMode', 'PROVISIONED'],
    ['GLOBAL_TABLE_ON_DEMAND', 'Properties.WriteOnDemandThroughputSettings', undefined],
    ['GLOBAL_TABLE_RETAINED', 'DeletionPolicy', 'Delete'],
  ] as const)('%s finds %s = %s', (rule, path, value) => {
    expect(broken([path, value])).toContain(rule);
  });
});

describe('findings are accepted only where they occur', () => {
  it.each(['example', 'wide'] as const)('%s', (name: VariantName) => {
    const config = variants[name];
    const outdir = join(folder, name);
    const app = buildApp(config, placeholderCode, outdir, { outdir });
    Validations.of(app).addPlugins(...packs(app));
    expect(() => app.synth()).toThrow('A copy of this report');
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
      readonly pluginReports: readonly { readonly violations: readonly Violation[] }[];
    };
    const occurring = report.pluginReports.flatMap(({ violations }) =>
      violations.flatMap(({ ruleName, violatingConstructs = [], violatingResources = [] }) =>
        [...violatingConstructs, ...violatingResources].map(({ constructPath = '' }) => ({ ruleName, constructPath })),
      ),
    );
    const occurs = (rule: string | undefined, path: string | undefined) =>
      occurring.some(
        ({ ruleName, constructPath }) =>
          (rule === undefined || rule.replace(/^.*::(?=[A-Z]\d+$)/, '') === ruleName) &&
          (path === undefined || constructPath.startsWith(path)),
      );
    const accepted = acceptedFindings(config);
    const idle = [
      ...accepted.flatMap(({ rules, paths }) => rules.filter((rule) => !paths.some((path) => occurs(rule, path)))),
      ...accepted.flatMap(({ rules, paths }) => paths.filter((path) => !rules.some((rule) => occurs(rule, path)))),
    ];
    expect(idle).toEqual([]);
  });
});
