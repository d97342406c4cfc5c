/** Evaluates a structured condition against what is stored, as DynamoDB evaluates a condition expression. */
import { TableError } from './errors.ts';
import type { Condition, Item, Value } from './port.ts';
import { compareValues, equalValues, valueType } from './values.ts';

const orderedTypes: ReadonlySet<string> = new Set(['S', 'N', 'B']);

const compare = (is: '=' | '<>' | '<' | '<=' | '>' | '>=', stored: Value | undefined, value: Value): boolean => {
  if (is === '=') return stored !== undefined && equalValues(stored, value);
  // An absent attribute is different from everything.
  if (is === '<>') return stored === undefined || !equalValues(stored, value);
  if (!orderedTypes.has(valueType(value))) {
    throw new TableError('invalid', `a condition with ${is} needs a string, a number or binary`);
  }
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

/** `size()` of DynamoDB: characters' UTF-8 bytes of a string, bytes of binary, elements of the others; none for scalars. */
const sizeOf = (stored: Value | undefined): number | undefined => {
  if (stored === undefined || stored === null) return undefined;
  if (typeof stored === 'string') return Buffer.byteLength(stored, 'utf8');
  if (typeof stored !== 'object') return undefined;
  if (stored instanceof Uint8Array) return stored.byteLength;
  if (stored instanceof Set) return stored.size;
  return Object.keys(stored).length;
};

/** Whether the condition holds of the stored item; `undefined` stands for no item. Throws `invalid` for one that means nothing. */
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
