/** Applying records in order when one of them may be what does not go; behind a stream in the cloud and in a runner alike. */

/**
 * Applies the records in one go, which coalesces best. When that fails, halves are tried in order until the first record that
 * does not go is known: everything before it is applied. Applying twice changes nothing, so no state is kept of what was done.
 *
 * @param mayTry asked before each attempt; where it says no, that part counts as not applied.
 * @param failed told of each failure; the last one is that of the first record that does not go, where it was sought out.
 * @returns the index of the first record that is not surely applied; their number when all are.
 */
export const applyAsFarAsItGoes = async <T>(
  records: readonly T[],
  apply: (records: readonly T[]) => Promise<void>,
  mayTry: () => boolean,
  failed: (error: unknown) => void,
): Promise<number> => {
  if (records.length === 0 || !mayTry()) return 0;
  try {
    await apply(records);
    return records.length;
  } catch (error) {
    failed(error);
  }
  if (records.length === 1) return 0;
  const middle = Math.ceil(records.length / 2);
  const first = await applyAsFarAsItGoes(records.slice(0, middle), apply, mayTry, failed);
  if (first < middle) return first;
  return middle + (await applyAsFarAsItGoes(records.slice(middle), apply, mayTry, failed));
};
