/** Keeps the item with the focus in a virtual list although it is scrolled away: the focus must not fall off the page. */
import { defaultRangeExtractor, type Range } from '@tanstack/react-virtual';

/** The indexes to draw: those in sight, and `kept` unless it is negative. */
export const keepInRange =
  (kept: number) =>
  (range: Range): number[] => {
    const indexes = defaultRangeExtractor(range);
    if (kept < 0 || kept >= range.count || indexes.includes(kept)) return indexes;
    return [...indexes, kept].sort((one, other) => one - other);
  };
