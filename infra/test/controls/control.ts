/**
 * A control: what must hold of the templates, in words and as a check, and a change to the templates that must make the check
 * fail. The words make `docs/CONTROLS.md`; the tests run the check on what was synthesised and on what was changed.
 */
import { requests } from '../iam/requests.ts';
import { simulate } from '../iam/world.ts';
import { at, type Found, type Json, resourcesOf, type Templates } from '../support/templates.ts';

export interface Control {
  /** Identifiers in the lists of others, such as `DynamoDB.2` or `CIS 3.6`; `Course` for a practice of the course. */
  readonly ids: readonly string[];
  readonly practice: string;
  readonly resource: string;
  readonly shownBy: string;
  readonly mutation: string;
  /** What is wrong, one sentence each; empty when the control holds. */
  readonly check: (templates: Templates) => string[];
  /** Breaks it, in a copy made for the purpose. */
  readonly mutate: (draft: Templates) => void;
}

type Naming = Pick<Control, 'ids' | 'practice'>;

/** The one place where a template is written to. */
type Writable = { [name: string]: Writable | Json | undefined };

/** Sets a value in a draft at a path from the resource down; `undefined` removes it. */
export function put(
  draft: Templates,
  { stack, id }: { stack: string; id: string },
  path: string,
  value: Json | undefined,
): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let inside = resourcesIn(draft, stack)[id] as Writable;
  for (const name of names) {
    inside[name] ??= {};
    inside = inside[name] as Writable;
  }
  if (value === undefined) delete inside[last];
  else inside[last] = value;
}

const resourcesIn = (draft: Templates, stack: string): Writable => {
  const template = draft[stack];
  if (template === undefined) throw new Error(`no stack ${stack}`);
  return template.Resources as unknown as Writable;
};

export const addResource = (draft: Templates, stack: string, id: string, type: string, properties: Json = {}): void => {
  resourcesIn(draft, stack)[id] = { Type: type, Properties: properties };
};

export const removeResource = (draft: Templates, { stack, id }: { stack: string; id: string }): void => {
  delete resourcesIn(draft, stack)[id];
};

export const first = (templates: Templates, type: string, where: (found: Found) => boolean = () => true): Found => {
  const [found] = resourcesOf(templates, type).filter(where);
  if (found === undefined) throw new Error(`no ${type} to change`);
  return found;
};

export interface PropertySpec extends Naming {
  readonly type: string;
  /** In words, when not every resource of the type is meant. */
  readonly which?: string;
  readonly where?: (found: Found) => boolean;
  /** How many there must be: a rule about nothing holds of nothing. */
  readonly count?: number;
  /** From the resource's `Properties` down. */
  readonly path: string;
  /** The value itself, or words and a test for it. */
  readonly is: Json | { readonly says: string; readonly holds: (value: Json | undefined) => boolean };
  /** The value that must be found out; `undefined` takes the property away. */
  readonly broken: Json | undefined;
}

const isTest = (is: PropertySpec['is']): is is Extract<PropertySpec['is'], { holds: unknown }> =>
  typeof is === 'object' && is !== null && 'holds' in is;

const show = (value: Json | undefined): string => (value === undefined ? 'removed' : JSON.stringify(value));

/** Every resource of a type, and at least `count`, has a property. */
export function property(spec: PropertySpec): Control {
  const { type, path, is, broken, count = 1, where = () => true, which } = spec;
  const holds = isTest(is) ? is.holds : (value: Json | undefined) => JSON.stringify(value) === JSON.stringify(is);
  const says = isTest(is) ? is.says : `\`${path}\` = \`${show(is)}\``;
  const name = which === undefined ? `\`${type}\`` : `\`${type}\`, ${which}`;
  return {
    ids: spec.ids,
    practice: spec.practice,
    resource: name,
    shownBy: `${says}; at least ${count} of them`,
    mutation: broken === undefined ? `\`${path}\` removed` : `\`${path}\` = \`${show(broken)}\``,
    check(templates) {
      const found = resourcesOf(templates, type).filter(where);
      const wrong = found.filter(({ Properties }) => !holds(at(Properties, path)));
      return [
        ...(found.length < count ? [`${found.length} of ${type}, ${count} are needed`] : []),
        ...wrong.map(({ stack, id, Properties }) => `${stack}/${id}: ${path} is ${show(at(Properties, path))}`),
      ];
    },
    mutate(draft) {
      put(draft, first(draft, type, where), `Properties.${path}`, broken);
    },
  };
}

/** No resource of these types is in any template. */
export function none(naming: Naming, types: readonly string[]): Control {
  return {
    ...naming,
    resource: types.map((type) => `\`${type}\``).join(', '),
    shownBy: 'there is none in any stack',
    mutation: `a \`${types[0]}\` is added`,
    check: (templates) =>
      types.flatMap((type) => resourcesOf(templates, type).map(({ stack, id }) => `${stack}/${id} is a ${type}`)),
    mutate(draft) {
      addResource(draft, Object.keys(draft)[0] ?? '', 'Added', types[0] ?? '');
    },
  };
}

/** Takes every statement of a name out of the resources of a type; fails when there is none. */
export function dropStatement(
  draft: Templates,
  type: string,
  sid: string,
  where: (found: Found) => boolean = () => true,
): void {
  let dropped = 0;
  const visit = (inside: Json): void => {
    if (typeof inside !== 'object' || inside === null) return;
    if (Array.isArray(inside)) {
      const list = inside as Json[];
      for (let position = list.length - 1; position >= 0; position -= 1)
        if (at(list[position], 'Sid') === sid) {
          list.splice(position, 1);
          dropped += 1;
        }
    }
    for (const part of Object.values(inside)) visit(part as Json);
  };
  for (const found of resourcesOf(draft, type).filter(where)) visit(found.Properties);
  if (dropped === 0) throw new Error(`no statement ${sid} in any ${type}`);
}

/** The simulated requests of these names come out as expected; the mutation changes at least one. */
export function simulated(
  spec: Naming & { readonly resource: string; readonly requests: readonly string[]; readonly mutation: string },
  mutate: (draft: Templates) => void,
): Control {
  const asked = spec.requests.map((name) => {
    const found = requests.find((request) => request.name === name);
    if (found === undefined) throw new Error(`no simulated request is called "${name}"`);
    return found;
  });
  return {
    ids: spec.ids,
    practice: spec.practice,
    resource: spec.resource,
    shownBy: `simulated: ${asked.map(({ name, outcome }) => `${name} (${outcome === 'allowed' ? 'allowed' : 'denied'})`).join('; ')}`,
    mutation: spec.mutation,
    check: (templates) =>
      asked.flatMap(({ name, asked: { resource, ...rest }, outcome }) => {
        const decision = simulate(templates, {
          ...rest,
          resource: typeof resource === 'string' ? resource : resource(templates),
        });
        const came = decision.allowed ? 'allowed' : 'denied';
        return came === (outcome === 'allowed' ? 'allowed' : 'denied') ? [] : [`${name}: ${came}`];
      }),
    mutate,
  };
}
