/** A sealer for the simulation: readable, but bound to its place as the real one is, so that a misplaced text is noticed. */
import type { Place, Sealer } from '#crypto/port';

const mark = ({ conversation, seq, author }: Place): string => `${conversation}/${seq}/${author}:`;
/** No two sealings of one text are the same, as with a random initialization vector. */
let sealings = 0;

export const plainSealer: Sealer = {
  seal: async (place, text) => `${++sealings} ${mark(place)}${text}`,
  open: async (sealed) =>
    sealed.map(({ place, sealed: stored }) => {
      const text = stored.slice(stored.indexOf(' ') + 1);
      const expected = mark(place);
      return text.startsWith(expected) ? { text: text.slice(expected.length) } : { unreadable: 'tampered' };
    }),
  forget: () => undefined,
};
