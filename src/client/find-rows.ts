/** Finding conversations by what the list shows of them, among those that are loaded. No I/O. */
import type { Row } from '#protocol/shapes';

/** Small letters without their marks: who types "oca" finds "Oça". */
const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Made once a row: the same ten thousand are looked through with each key. */
const known = new WeakMap<Row, string>();

const nameOf = (row: Row): string => {
  let name = known.get(row);
  if (name === undefined) {
    name = plain([row.title, row.other_user_display_name, row.other_user_handle].filter(Boolean).join(' '));
    known.set(row, name);
  }
  return name;
};

/** The rows, in their order, whose title, name or handle has every word of `text` in it; all of them for a blank text. */
export const findRows = (rows: readonly Row[], text: string): readonly Row[] => {
  const words = plain(text)
    .split(/[\s@]+/)
    .filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => words.every((word) => nameOf(row).includes(word)));
};
