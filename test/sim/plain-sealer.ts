/** A sealer for the simulation: readable, but bound to its place as the real one is, so that a misplaced text is noticed. */
import type { Place, Sealer } from '#crypto/port';

const mark = ({ conversation, seq, author }: Place): string => `${conversation}/${seq}/${author}:`;

export const plainSealer: Sealer = {
  seal: async (place, text) => mark(place) + text,
  open: async (sealed) =>
    sealed.map(({ place, sealed: text }) =>
      text.startsWith(mark(place)) ? { text: text.slice(mark(place).length) } : { unreadable: 'tampered' },
    ),
  forget: () => undefined,
};
