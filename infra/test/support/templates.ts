/** Synthesised templates as data: read, searched, copied, and with their references resolved as far as names are fixed. */
/** Any JSON; templates are looked into, never typed. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

interface Resource {
  readonly Type: string;
  readonly Properties: JsonObject;
  readonly DeletionPolicy?: string;
  readonly Metadata?: JsonObject;
}

export interface Template {
  readonly account: string;
  readonly region: string;
  readonly Resources: { readonly [logicalId: string]: Resource };
  readonly Outputs: { readonly [name: string]: { readonly Value: Json; readonly Export?: { readonly Name: Json } } };
}

/** By stack name. */
export type Templates = { readonly [stack: string]: Template };

export interface Found extends Resource {
  readonly stack: string;
  readonly id: string;
}

/** Every resource of a type, in all stacks or those whose name begins as said. */
export const resourcesOf = (templates: Templates, type: string, stackPrefix = ''): Found[] =>
  Object.entries(templates)
    .filter(([stack]) => stack.startsWith(stackPrefix))
    .flatMap(([stack, { Resources }]) =>
      Object.entries(Resources)
        .filter(([, { Type }]) => Type === type)
        .map(([id, resource]) => ({ stack, id, ...resource, Properties: resource.Properties ?? {} })),
    );

/** The value at a path such as `Replicas.0.SSESpecification`, or undefined. */
export const at = (value: Json | undefined, path: string): Json | undefined =>
  path
    .split('.')
    .reduce<Json | undefined>(
      (inside, name) =>
        typeof inside === 'object' && inside !== null ? (inside as { readonly [name: string]: Json })[name] : undefined,
      value,
    );

export const list = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as Json];

const arnByType: { readonly [type: string]: (place: Template, id: string, properties: JsonObject) => string } = {
  'AWS::IAM::Role': ({ account }, id, { RoleName }) =>
    `arn:aws:iam::${account}:role/${typeof RoleName === 'string' ? RoleName : id}`,
  'AWS::KMS::Key': ({ account, region }, id) => `arn:aws:kms:${region}:${account}:key/${id}`,
  'AWS::KMS::ReplicaKey': ({ account, region }, id) => `arn:aws:kms:${region}:${account}:key/${id}`,
  'AWS::DynamoDB::GlobalTable': ({ account, region }, id, { TableName }) =>
    `arn:aws:dynamodb:${region}:${account}:table/${typeof TableName === 'string' ? TableName : id}`,
};

/** A value with its references replaced: what has a fixed name by that name, what has none by its logical id. */
export function resolve(templates: Templates, stack: string, value: Json): Json {
  if (Array.isArray(value)) return value.map((part) => resolve(templates, stack, part));
  if (typeof value !== 'object' || value === null) return value;
  const template = templates[stack];
  if (template === undefined) throw new Error(`no stack ${stack}`);
  const entries = Object.entries(value as JsonObject);
  const [intrinsic, argument] = entries.length === 1 ? (entries[0] ?? []) : [];
  if (intrinsic === 'Ref') return reference(template, String(argument));
  if (intrinsic === 'Fn::GetAtt') {
    const [id, attribute] = list(argument).map(String);
    return attributeOf(template, id ?? '', attribute ?? '');
  }
  if (intrinsic === 'Fn::Join') {
    const [separator, parts] = list(argument);
    const resolved = list(resolve(templates, stack, parts ?? [])).map(String);
    return resolved.join(String(separator));
  }
  if (intrinsic === 'Fn::ImportValue') return imported(templates, String(argument));
  return Object.fromEntries(entries.map(([name, inside]) => [name, resolve(templates, stack, inside)]));
}

function reference({ account, region, Resources }: Template, id: string): string {
  if (id === 'AWS::AccountId') return account;
  if (id === 'AWS::Region') return region;
  if (id === 'AWS::Partition') return 'aws';
  if (id === 'AWS::URLSuffix') return 'amazonaws.com';
  const resource = Resources[id];
  if (resource?.Type === 'AWS::EC2::VPCEndpoint') return `vpce-${id}`;
  if (resource?.Type === 'AWS::IAM::Role') return String(resource.Properties.RoleName ?? id);
  return id;
}

function attributeOf(template: Template, id: string, attribute: string): string {
  const resource = template.Resources[id];
  const arn = resource === undefined ? undefined : arnByType[resource.Type];
  return attribute === 'Arn' && arn !== undefined && resource !== undefined
    ? arn(template, id, resource.Properties)
    : `${id}.${attribute}`;
}

function imported(templates: Templates, name: string): Json {
  for (const [stack, { Outputs }] of Object.entries(templates))
    for (const output of Object.values(Outputs))
      if (output.Export?.Name === name) return resolve(templates, stack, output.Value);
  throw new Error(`nothing exports ${name}`);
}
