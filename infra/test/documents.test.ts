/** Documents that are made from the code are what the code says; those that people write name what the code has. */
import { readFileSync } from 'node:fs';
import { ManagedRuleIdentifiers } from 'aws-cdk-lib/aws-config';
import { describe, expect, it } from 'vitest';
import { costDocument } from '../src/cost/document.ts';
import { billOf, habits, unitsOf } from '../src/cost/model.ts';
import { prices } from '../src/cost/prices.ts';
import { managedRules } from '../src/stacks/compliance.ts';
import { controlsDocument } from './controls/document.ts';
import { readTemplates } from './support/assemblies.ts';
import { resourcesOf } from './support/templates.ts';
import { type VariantName, variants } from './support/variants.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('docs/CONTROLS.md and docs/COST.md', () => {
  it('are as generated: run `npm run controls -w infra` and `npm run cost -w infra`', () => {
    expect(read('docs/CONTROLS.md')).toBe(controlsDocument());
    expect(read('docs/COST.md')).toBe(costDocument());
  });
});

describe('docs/RUNBOOK.md', () => {
  const runbook = read('docs/RUNBOOK.md');
  const headings = new Set([...runbook.matchAll(/^### (\S+)$/gm)].map(([, heading]) => heading ?? ''));
  const alarms = new Set(
    (Object.keys(variants) as VariantName[]).flatMap((variant) =>
      resourcesOf(readTemplates(variant), 'AWS::CloudWatch::Alarm').map(({ Properties }) =>
        String(Properties.AlarmName).replace(/^(parley-replication-).*$/, '$1REGION'),
      ),
    ),
  );
  it('has a section for every alarm', () => {
    expect(alarms.size).toBeGreaterThan(30);
    expect([...alarms].filter((name) => !headings.has(name))).toEqual([]);
  });
  it('has no section for an alarm that is no more', () => {
    expect([...headings].filter((name) => !alarms.has(name) && name !== 'parley-cost-anomaly')).toEqual([]);
  });
  it('speaks of restoring, evacuating, rotating and growing', () => {
    for (const title of ['Restore from a point in time', 'Region evacuation', 'Key rotation', 'Load growth'])
      expect(runbook).toContain(`## ${title}`);
  });
});

describe('docs/DEPLOY.md', () => {
  it('names every stack', () => {
    const deploy = read('docs/DEPLOY.md');
    for (const stack of Object.keys(readTemplates('example')))
      expect(deploy).toContain(stack.replace(/-eu-central-1$/, '-<region>'));
  });
});

describe('outputs', () => {
  it('that documents send people to are there', () => {
    const outputs = Object.values(readTemplates('example')).flatMap(({ Outputs }) => Object.keys(Outputs));
    const named = ['DEPLOY', 'RUNBOOK'].flatMap((document) =>
      [...read(`docs/${document}.md`).matchAll(/output `?(\w+)`? of|<output (\w+)/g)].map(([, a, b]) => a ?? b ?? ''),
    );
    expect(named).toEqual(
      expect.arrayContaining(['Address', 'LifecycleNetwork', 'TableEndpoints', 'TableEndpointAddress']),
    );
    expect(named.filter((name) => !outputs.includes(name))).toEqual([]);
  });
});

describe('names that synthesis does not check', () => {
  const known = new Set<string>(Object.values(ManagedRuleIdentifiers));
  // Real, but missing from the CDK's list: Security Hub's DynamoDB.6 names it.
  known.add('DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED');
  it('are managed rules of AWS Config', () => {
    expect(managedRules.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the cost of a month', () => {
  const total = (monthlyUsers: number, over: Partial<typeof habits> = {}) =>
    billOf({ ...habits, ...over, monthlyUsers }).reduce((sum, { dollars }) => sum + dollars, 0);
  it('takes units from the access patterns', () => {
    expect(unitsOf('appendEntry')).toEqual({ read: 0, write: 1 });
    expect(unitsOf('updateMessageGroup')).toEqual({ read: 0, write: 3 });
    expect(unitsOf('listMessages')).toEqual({ read: 1, write: 0 });
  });
  it('adds up by hand for the writes of a million users', () => {
    const people = 1_000_000 * habits.dailyShare * 30;
    const messages = people * habits.messages;
    const units = messages + ((messages * habits.participants) / habits.burst) * 3 + people * habits.readMarks * 2;
    const [writes] = billOf({ ...habits, monthlyUsers: 1_000_000 });
    expect(writes?.dollars).toBeCloseTo((units / 1e6) * prices.writeUnit.dollars, 2);
  });
  it('grows with people and messages, and shrinks with bursts and hits', () => {
    expect(total(1_000_000)).toBeGreaterThan(total(10_000));
    expect(total(1_000_000, { messages: 40 })).toBeGreaterThan(total(1_000_000));
    expect(total(1_000_000, { burst: 3 })).toBeLessThan(total(1_000_000));
    expect(total(1_000_000, { pageMisses: 0.1 })).toBeLessThan(total(1_000_000));
  });
});

describe('the Dockerfile', () => {
  const dockerfile = read('Dockerfile');
  it('pins its base to an exact version, in every stage', () => {
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-bookworm-slim$/m);
    expect([...dockerfile.matchAll(/^FROM (?!\$\{NODE_IMAGE\})/gm)]).toEqual([]);
  });
  it('runs as a user that is not root, by number, the one the task names', () => {
    expect(dockerfile).toMatch(/^USER 65532:65532$/m);
  });
  it('gives that user a home, without which the SDK does not start', () => {
    expect(dockerfile).toMatch(/^ {4}HOME=\/app \\$/m);
  });
  it('starts node itself, so that SIGTERM reaches it', () => {
    expect(dockerfile).toMatch(/^ENTRYPOINT \["node"/m);
  });
  it('lets in only what the build reads', () => {
    expect(read('.dockerignore')).toMatch(/^\*$/m);
  });
});
