/** Applies an update to an item, as DynamoDB's SET, ADD, DELETE and REMOVE do: every clause reads the item as it was before. */
import { addNumbers } from './decimal.ts';
import { TableError } from './errors.ts';
import { checkAttributeName, checkValue } from './limits.ts';
import type { Attributes, Changes, Item, Key, Value } from './port.ts';

const invalid = (message: string): TableError => new TableError('invalid', message);

/**
 * Refuses what types refuse already, for callers that have none (the command line): a key in an update (BOUND-3), and one
 * attribute under two clauses. Refuses values that no table holds, too.
 */
export const checkChanges = (changes: Changes): void => {
  const seen = new Set<string>();
  for (const clause of [changes.set, changes.setIfAbsent, changes.add, changes.deleteFrom, changes.remove]) {
    for (const [name, value] of Object.entries<Value | undefined>(clause ?? {})) {
      if (name === 'pk' || name === 'sk') {
        throw invalid(
          `${name} is part of the key, and a key is never updated: put the new item, then delete the old one`,
        );
      }
      if (seen.has(name)) throw invalid(`an update names the attribute ${name} twice`);
      seen.add(name);
      checkAttributeName(name);
      if (value !== undefined) checkValue(name, value);
    }
  }
};

const added = (name: string, stored: Value | undefined, amount: number | ReadonlySet<string>): Value => {
  if (typeof amount === 'number') {
    if (stored !== undefined && typeof stored !== 'number')
      throw invalid(`cannot add a number to ${name}, which is none`);
    return addNumbers(stored ?? 0, amount);
  }
  if (stored !== undefined && !(stored instanceof Set)) throw invalid(`cannot add members to ${name}, which is no set`);
  return new Set<string>([...(stored ?? []), ...amount]);
};

const without = (name: string, stored: Value | undefined, members: ReadonlySet<string>): Value | undefined => {
  if (stored === undefined) return undefined;
  if (!(stored instanceof Set)) throw invalid(`cannot delete members from ${name}, which is no set`);
  const left = new Set([...stored].filter((member) => !members.has(member)));
  return left.size === 0 ? undefined : left;
};

const entries = <V>(attributes: Attributes<V> | undefined): [string, V][] =>
  Object.entries(attributes ?? {}).filter((entry): entry is [string, V] => entry[1] !== undefined);

/** The item after the update; a new object. An absent item counts as one with its key alone. */
export const applyChanges = (key: Key, before: Item | undefined, changes: Changes): Item => {
  const after: { pk: string; sk: string; [name: string]: Value } = { ...before, pk: key.pk, sk: key.sk };
  for (const [name, value] of entries(changes.set)) after[name] = value;
  for (const [name, value] of entries(changes.setIfAbsent)) if (before?.[name] === undefined) after[name] = value;
  for (const [name, amount] of entries(changes.add)) after[name] = added(name, before?.[name], amount);
  for (const [name, members] of entries(changes.deleteFrom)) {
    const left = without(name, before?.[name], members);
    if (left === undefined) delete after[name];
    else after[name] = left;
  }
  for (const [name] of entries(changes.remove)) delete after[name];
  return after;
};
