/**
 * Structured conditions and changes, compiled to DynamoDB's expression strings. Every attribute name is aliased, so that
 * reserved words (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html) and names with dots
 * or spaces need no list of exceptions, and no text of a caller ever becomes part of an expression.
 */
import { TableError } from '../errors.ts';
import { checkValue } from '../limits.ts';
import type { Changes, Condition, SortCondition, Value } from '../port.ts';
import { type AttributeValue, encodeValue } from './codec.ts';

/** The members of a request that carry the aliases; absent when there are none, as DynamoDB refuses empty ones. */
interface Aliases {
  readonly ExpressionAttributeNames?: { readonly [alias: string]: string };
  readonly ExpressionAttributeValues?: { readonly [alias: string]: AttributeValue };
}

/** Collects the aliases of one request; a name used twice has one alias. */
export interface Expression {
  name(attribute: string): string;
  /** `attribute` is what the value is for, named when the value cannot be sent. */
  value(attribute: string, value: Value): string;
  aliases(): Aliases;
}

export const createExpression = (): Expression => {
  const names = new Map<string, string>();
  const values: Record<string, AttributeValue> = {};
  let valueCount = 0;
  return {
    name(attribute) {
      const known = names.get(attribute);
      if (known !== undefined) return known;
      const alias = `#a${names.size}`;
      names.set(attribute, alias);
      return alias;
    },
    value(attribute, value) {
      checkValue(attribute, value);
      const alias = `:v${valueCount}`;
      valueCount += 1;
      values[alias] = encodeValue(value);
      return alias;
    },
    aliases() {
      const aliased: Record<string, string> = {};
      for (const [attribute, alias] of names) aliased[alias] = attribute;
      return {
        ...(names.size > 0 ? { ExpressionAttributeNames: aliased } : {}),
        ...(valueCount > 0 ? { ExpressionAttributeValues: values } : {}),
      };
    },
  };
};

/** True where the text of a condition needs parentheses beside others; DynamoDB refuses redundant ones, `((…))`. */
const isCompound = (condition: Condition): boolean => {
  const parts = 'all' in condition ? condition.all : 'any' in condition ? condition.any : [];
  const [first] = parts;
  return parts.length > 1 || (first !== undefined && isCompound(first));
};

const join = (into: Expression, conditions: readonly Condition[], word: 'AND' | 'OR'): string => {
  const [first, ...others] = conditions;
  if (first === undefined) throw new TableError('invalid', `a condition of ${word} needs at least one part`);
  if (others.length === 0) return compileCondition(into, first);
  return conditions
    .map((part) => (isCompound(part) ? `(${compileCondition(into, part)})` : compileCondition(into, part)))
    .join(` ${word} `);
};

/** The condition as an expression string. */
export const compileCondition = (into: Expression, condition: Condition): string => {
  if ('all' in condition) return join(into, condition.all, 'AND');
  if ('any' in condition) return join(into, condition.any, 'OR');
  if ('not' in condition) return `NOT (${compileCondition(into, condition.not)})`;
  const name = into.name(condition.attribute);
  switch (condition.is) {
    case 'absent':
      return `attribute_not_exists(${name})`;
    case 'present':
      return `attribute_exists(${name})`;
    case 'contains':
      return `contains(${name}, ${into.value(condition.attribute, condition.value)})`;
    case 'size<':
      return `size(${name}) < ${into.value(condition.attribute, condition.value)}`;
    default:
      return `${name} ${condition.is} ${into.value(condition.attribute, condition.value)}`;
  }
};

/** One partition key by equality and at most one range on the sort key (BOUND-1, BOUND-2). */
export const compileKeyCondition = (
  into: Expression,
  partition: { readonly attribute: string; readonly value: string },
  sort: { readonly attribute: string; readonly condition: SortCondition | undefined },
): string => {
  const partitionPart = `${into.name(partition.attribute)} = ${into.value(partition.attribute, partition.value)}`;
  if (sort.condition === undefined) return partitionPart;
  const name = into.name(sort.attribute);
  const [operator, from] = sort.condition;
  switch (operator) {
    case 'between': {
      const [, , to] = sort.condition;
      return `${partitionPart} AND ${name} BETWEEN ${into.value(sort.attribute, from)} AND ${into.value(sort.attribute, to)}`;
    }
    case 'begins_with':
      return `${partitionPart} AND begins_with(${name}, ${into.value(sort.attribute, from)})`;
    default:
      return `${partitionPart} AND ${name} ${operator} ${into.value(sort.attribute, from)}`;
  }
};

const clause = (word: string, parts: readonly string[]): string[] =>
  parts.length > 0 ? [`${word} ${parts.join(', ')}`] : [];

/** The changes as an update expression; `undefined` when there are none (the update then only creates the item). */
export const compileChanges = (into: Expression, changes: Changes): string | undefined => {
  const each = <V extends Value>(
    of: { readonly [name: string]: V } | undefined,
    part: (name: string, value: () => string) => string,
  ): string[] =>
    Object.entries(of ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([attribute, value]) => part(into.name(attribute), () => into.value(attribute, value)));
  const clauses = [
    ...clause('SET', [
      ...each(changes.set, (name, value) => `${name} = ${value()}`),
      ...each(changes.setIfAbsent, (name, value) => `${name} = if_not_exists(${name}, ${value()})`),
    ]),
    ...clause(
      'ADD',
      each(changes.add, (name, value) => `${name} ${value()}`),
    ),
    ...clause(
      'DELETE',
      each(changes.deleteFrom, (name, value) => `${name} ${value()}`),
    ),
    ...clause(
      'REMOVE',
      each(changes.remove, (name) => name),
    ),
  ];
  return clauses.length > 0 ? clauses.join(' ') : undefined;
};
