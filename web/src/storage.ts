/** What the page keeps in the browser. Storage may be full or refused (a private window): the app then goes on without. */

const prefix = 'parley.';

export function readStored<Value>(area: Storage, key: string): Value | undefined {
  try {
    const text = area.getItem(prefix + key);
    return text === null ? undefined : (JSON.parse(text) as Value);
  } catch {
    return undefined;
  }
}

/** Undefined forgets the key. */
export function writeStored(area: Storage, key: string, value: unknown): void {
  try {
    if (value === undefined) area.removeItem(prefix + key);
    else area.setItem(prefix + key, JSON.stringify(value));
  } catch {
    // Nothing is lost that is not also in memory: the next reload starts without it.
  }
}

/** Everything that is kept under a key that starts so, such as all of one user. */
export function forgetStored(area: Storage, keyStart: string): void {
  for (const key of Object.keys(area)) if (key.startsWith(prefix + keyStart)) area.removeItem(key);
}
