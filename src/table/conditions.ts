/** Evaluates a structured condition against what is stored, as DynamoDB evaluates a condition expression. */
import { TableError } from './errors.ts';
import { checkAttributeName, checkValue } from './limits.ts';
import type { Condition, Item, Value } from './port.ts';
import { compareValues, equalValues, valueType } from './values.ts';

const orderedTypes: ReadonlySet<string> = new Set(['S', 'N', 'B']);

const compare = (is: '=' | '<>' | '<' | '<=' | '>' | '>=', stored: Value | undefined, value: Value): boolean => {
  if (is === '=') return stored !== undefined && equalValues(stored, value);
  // An absent attribute is different from everything.
  if (is === '<>') return stored === undefined || !equalValues(stored, value);
  const order = stored === undefined ? undefined : compareValues(stored, value);
  if (order === undefined) return false;
  if (is === '<') return order < 0;
  if (is === '<=') return order <= 0;
  return is === '>' ? order > 0 : order >= 0;
};

const contains = (stored: Value | undefined, value: string): boolean => {
  if (typeof stored === 'string') return stored.includes(value);
  if (stored instanceof Set) return stored.has(value);
  return Array.isArray(stored) && stored.includes(value);
};

/** `size()` of DynamoDB: characters of a string, bytes of binary, elements of the others; none for scalars. */
const sizeOf = (stored: Value | undefined): number | undefined => {
  if (stored === undefined || stored === null) return undefined;
  if (typeof stored === 'string') return [...stored].length;
  if (typeof stored !== 'object') return undefined;
  if (stored instanceof Uint8Array) return stored.byteLength;
  if (stored instanceof Set) return stored.size;
  return Object.keys(stored).length;
};

/**
 * Refuses a condition that means nothing, before anything is read: an empty `all` or `any`, an order of values that have
 * none, a value that no table holds.
 */
export const checkCondition = (condition: Condition): void => {
  if ('not' in condition) {
    checkCondition(condition.not);
    return;
  }
  if ('all' in condition || 'any' in condition) {
    const parts = 'all' in condition ? condition.all : condition.any;
    if (parts.length === 0) throw new TableError('invalid', 'a condition of no parts says nothing');
    for (const part of parts) checkCondition(part);
    return;
  }
  checkAttributeName(condition.attribute);
  if (!('value' in condition)) return;
  const { is, attribute, value } = condition;
  checkValue(attribute, value);
  if (is !== '=' && is !== '<>' && is !== 'contains' && is !== 'size<' && !orderedTypes.has(valueType(value))) {
    throw new TableError('invalid', `a condition with ${is} needs a string, a number or binary`);
  }
};

/** Whether the condition holds of the stored item; `undefined` stands for no item. */
export const holds = (condition: Condition, item: Item | undefined): boolean => {
  if ('all' in condition) return condition.all.every((each) => holds(each, item));
  if ('any' in condition) return condition.any.some((each) => holds(each, item));
  if ('not' in condition) return !holds(condition.not, item);
  const stored = item?.[condition.attribute];
  switch (condition.is) {
    case 'absent':
      return stored === undefined;
    case 'present':
      return stored !== undefined;
    case 'contains':
      return contains(stored, condition.value);
    case 'size<': {
      const size = sizeOf(stored);
      return size !== undefined && size < condition.value;
    }
    default:
      return compare(condition.is, stored, condition.value);
  }
};
