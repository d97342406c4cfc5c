/** The order in which shards are to be read. A stream splits its shards about every four hours, and under load. */
import type { FeedShard } from '../port.ts';

/**
 * Parents before their children, otherwise as listed. A parent that the stream no longer lists has been trimmed: there is
 * nothing in it to wait for, so it is left out.
 */
export const parentsFirst = (
  listed: readonly { readonly ShardId: string; readonly ParentShardId?: string | null }[],
): FeedShard[] => {
  const byId = new Map(listed.map((shard) => [shard.ShardId, shard]));
  const ordered = new Map<string, FeedShard>();
  const visit = (id: string): void => {
    // A loop for the ancestors, not recursion: the line of ancestors of a day can be long.
    const line: string[] = [];
    for (let at: string | undefined | null = id; at && byId.has(at) && !ordered.has(at) && !line.includes(at); ) {
      line.push(at);
      at = byId.get(at)?.ParentShardId;
    }
    for (const next of line.reverse()) {
      const parent = byId.get(next)?.ParentShardId;
      ordered.set(next, parent && byId.has(parent) ? { id: next, parent } : { id: next });
    }
  };
  for (const { ShardId } of listed) visit(ShardId);
  return [...ordered.values()];
};
