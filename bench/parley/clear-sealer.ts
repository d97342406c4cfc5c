/** A sealer that leaves texts in the clear. For comparison only: no part of the product can be told to use one. */
import type { Sealer } from '#crypto/port';

export const clearSealer: Sealer = {
  seal: async (_place, text) => text,
  open: async (items) => items.map(({ sealed }) => ({ text: sealed })),
  forget: () => undefined,
};
