/** One wrapping key after another: what the templates make, tell the tasks, and let the roles do, while both are in use. */
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/server/config.ts';
import { ourContext } from './iam/requests/expectation.ts';
import { type Simulated, simulate } from './iam/world.ts';
import { readTemplates } from './support/assemblies.ts';
import { at, list, resolve, resourcesOf } from './support/templates.ts';
import { variants } from './support/variants.ts';

/** The first key is read under, the second wraps, the third is not used yet. */
const templates = readTemplates('wide');
const { region, workloadAccount } = variants.wide;

const keys = resourcesOf(templates, 'AWS::KMS::Key', `ParleyKeys-${region}`)
  .map(({ id }) => id)
  .filter((id) => id.startsWith('MessagesKey'));
const [older = '', newer = '', unused = ''] = keys;

const variable = (family: string, name: string): unknown => {
  const [task] = resourcesOf(templates, 'AWS::ECS::TaskDefinition').filter(
    ({ Properties }) => Properties.Family === family,
  );
  const found = list(at(task?.Properties, 'ContainerDefinitions.0.Environment')).find(
    (entry) => at(entry, 'Name') === name,
  );
  return task && resolve(templates, task.stack, at(found, 'Value') ?? '');
};

const may = (
  who: Simulated['who'],
  action: string,
  key: string,
  context: Simulated['context'] = ourContext,
): boolean => {
  const resource = `arn:aws:kms:${region}:${workloadAccount}:key/${key}`;
  return simulate(templates, { who, way: 'vpc', action, resource, context }).allowed;
};

describe('[SEC-2] another wrapping key', () => {
  it('is made beside the older one, and so is its replica once its id is known', () => {
    expect(new Set(keys).size).toBe(3);
    expect(resourcesOf(templates, 'AWS::KMS::ReplicaKey').map(({ stack }) => stack)).toEqual([
      'ParleyKeys-eu-west-1',
      'ParleyKeys-eu-west-1',
    ]);
  });
  it.each(['parley-service', 'parley-lifecycle'])('is what %s wraps under, reading under the older one', (family) => {
    const named = { KMS_KEY_ID: variable(family, 'KMS_KEY_ID'), previous: variable(family, 'KMS_PREVIOUS_KEY_IDS') };
    expect(named).toEqual({ KMS_KEY_ID: newer, previous: older });
    const config = readConfig({ AWS_REGION: region, KMS_KEY_ID: newer, KMS_PREVIOUS_KEY_IDS: older });
    expect(config.kmsPreviousKeyIds).toEqual([older]);
  });
  it.each([
    ['service', 'kms:Decrypt', true],
    ['service', 'kms:GenerateDataKey', true],
    ['service', 'kms:ReEncryptFrom', false],
    ['service', 'kms:ReEncryptTo', false],
    ['lifecycle', 'kms:Decrypt', true],
    ['lifecycle', 'kms:GenerateDataKey', true],
    ['lifecycle', 'kms:ReEncryptFrom', true],
    ['lifecycle', 'kms:ReEncryptTo', true],
    ['fanout', 'kms:Decrypt', false],
    ['provision', 'kms:Decrypt', false],
  ] as const)(
    'the role %s, %s: %s on both that are in use, never on the third or without our context',
    (who, action, allowed) => {
      expect([older, newer].map((key) => may(who, action, key))).toEqual([allowed, allowed]);
      expect(may(who, action, unused)).toBe(false);
      expect(may(who, action, older, {})).toBe(false);
    },
  );
  it('can be taken out of use in any order of stacks: what names it is exported for as long as it exists', () => {
    for (const [variant, stack] of [
      ['wide', `ParleyKeys-${region}`],
      ['wide', 'ParleyKeys-eu-west-1'],
      ['example', `ParleyKeys-${region}`],
    ] as const) {
      const outputs = Object.values(readTemplates(variant)[stack]?.Outputs ?? {}).filter(({ Export }) => Export);
      const exported = JSON.stringify(outputs.map(({ Value }) => Value));
      const made = ['AWS::KMS::Key', 'AWS::KMS::ReplicaKey']
        .flatMap((type) => resourcesOf(readTemplates(variant), type, stack))
        .filter(({ id }) => id.startsWith('MessagesKey'));
      expect(made.length).toBeGreaterThan(0);
      for (const { id } of made)
        for (const value of [{ Ref: id }, { 'Fn::GetAtt': [id, 'Arn'] }])
          expect(exported).toContain(JSON.stringify(value));
    }
  });
});
