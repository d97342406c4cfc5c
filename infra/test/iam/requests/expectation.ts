/** What a simulated request is, and what the lists of them have in common: resources by name, and contexts. */
import { keysTableName, tableArn } from '../../../src/names.ts';
import { resourcesOf, type Templates } from '../../support/templates.ts';
import { example } from '../../support/variants.ts';
import type { Layer } from '../evaluator.ts';
import type { Simulated } from '../world.ts';

export const main = tableArn(example, example.tableName);
export const keyTable = tableArn(example, keysTableName(example));
export const inbox = `${main}/index/inbox`;
export const foreignTable = 'arn:aws:dynamodb:eu-central-1:999999999999:table/exfiltration';
export const anything = '*';

export const user = '0190c6f0-0000-7000-8000-000000000001';
export const other = '0190c6f0-0000-7000-8000-000000000002';

export const leading = (...keys: string[]) => ({ 'dynamodb:LeadingKeys': keys });

/** The wrapping key's ARN, which depends on the template. */
export const messagesKey = (templates: Templates): string => keyArn(templates, 'MessagesKey');
export const logsKey = (templates: Templates): string => keyArn(templates, 'LogsKey');
export const tablesKey = (templates: Templates): string => keyArn(templates, 'TablesKey');

function keyArn(templates: Templates, prefix: string): string {
  const found = resourcesOf(templates, 'AWS::KMS::Key', 'ParleyKeys').find(({ id }) => id.startsWith(prefix));
  if (found === undefined) throw new Error(`no key ${prefix}`);
  return `arn:aws:kms:${example.activeRegion}:${example.workloadAccount}:key/${found.id}`;
}

export const ourContext = { 'kms:EncryptionContext:table': keysTableName(example) };
export const throughDynamo = {
  'kms:CallerAccount': example.workloadAccount,
  'kms:ViaService': `dynamodb.${example.activeRegion}.amazonaws.com`,
};
/** A signed-in user's session: the subject as a tag, and the attributes and keys the SDK would name. */
export const session = (
  partition: string,
  attributes: readonly string[] = ['last_message', 'last_message_at'],
  select = 'SPECIFIC_ATTRIBUTES',
) => ({
  'aws:PrincipalTag/user': user,
  'dynamodb:LeadingKeys': [partition],
  'dynamodb:Attributes': attributes,
  'dynamodb:Select': select,
});

export interface Expectation {
  readonly name: string;
  readonly asked: Omit<Simulated, 'resource'> & { readonly resource: string | ((templates: Templates) => string) };
  /** `allowed`, or the layer that must be the one to deny. */
  readonly outcome: 'allowed' | Layer;
}

export const expect = (
  name: string,
  outcome: Expectation['outcome'],
  who: Simulated['who'],
  way: Simulated['way'],
  action: string,
  resource: Expectation['asked']['resource'],
  context: Simulated['context'] = {},
  region?: string,
): Expectation => ({
  name,
  outcome,
  asked: { who, way, action, resource, context, ...(region !== undefined && { region }) },
});
