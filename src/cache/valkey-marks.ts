/**
 * The marks that an invalidation puts in the place of values in Valkey, and the word of it to the nodes. Whoever changes what nodes
 * keep leaves them, whether it reads from the shared level itself or not.
 *
 * What a server that is away was not told is kept, and told when it is back.
 */
import type { ValkeyLink } from '#bus/valkey-link';

export const cachePrefix = 'parley:cache:';
/** The keys that a node invalidated. */
export const invalidatedChannel = 'parley:invalidated';

/** Marks outlast every load, and what DAX may still hold of before the change. */
const markMs = 300_000;
/** Invalidations kept for a server that is away, to be made good when it is back; past it the expiry has to do. */
const unsentMax = 10_000;

const markTag = 'm';

export interface Marks {
  /** Puts marks in the keys' places and tells the nodes. Returns at once. */
  invalidate(keys: readonly string[]): void;
  /** Does so again for all that are not known to stand. */
  repeat(): void;
  /** How many are not known to stand. */
  unsent(): number;
  close(): void;
}

/** @param node a name that no other node has. The link stays open; whoever opened it closes it. */
export const createMarks = (link: ValkeyLink, node: string): Marks => {
  const { commands } = link;
  /** By key, which of its marks is not known to stand: the last one. */
  const unsent = new Map<string, number>();
  let marks = 0;

  const mark = (key: string, own: number): void => {
    commands
      .set(cachePrefix + key, `${markTag}${node}:${own}`, 'PX', markMs)
      .then(() => {
        // The answer to an earlier mark says nothing of a later one.
        if (unsent.get(key) === own) unsent.delete(key);
      })
      .catch(() => undefined);
  };
  const invalidate = (keys: readonly string[]): void => {
    marks += 1;
    for (const key of keys) if (unsent.size < unsentMax || unsent.has(key)) unsent.set(key, marks);
    if (!link.ready()) return;
    // On one connection: whoever hears of it finds the marks already set.
    for (const key of keys) mark(key, marks);
    link.publish(invalidatedChannel, JSON.stringify({ from: node, keys }));
  };
  const repeat = (): void => {
    if (unsent.size > 0) invalidate([...unsent.keys()]);
  };
  // Of the two connections either may be back first, and what was not sent takes the one for commands.
  commands.on('ready', repeat);

  return {
    invalidate,
    repeat,
    unsent: () => unsent.size,
    close: () => void commands.off('ready', repeat),
  };
};
