/** Who takes no direct messages from whom (CONV-3). */
import type { CachePolicy } from '#cache/port';
import { ParleyError } from '#domain/errors';
import type { Handle } from '#domain/ids';
import { isoTime } from '#domain/time';
import { tombstone } from '#domain/tombstone';
import type { ConversationItem } from '#store/items';
import { blockPosition } from '#store/positions';
import { blocksCursor, readBlocksCursor } from './cursors.ts';
import type { Deps } from './deps.ts';
import { noSuchUser } from './faults.ts';
import type { Call } from './messenger.ts';
import { isGone, type Profiles } from './profiles.ts';
import type { PublicUserView } from './views.ts';

/** Blocking takes effect here at once, on other nodes by their caches' word, or at the latest after this. */
const policy: CachePolicy = { ttlMs: 10_000, staleOnErrorMs: 0, negativeTtlMs: 0 };

const key = (blocker: string, blocked: string): string => `block:${blocker}:${blocked}`;

/** What they get who are blocked. */
export const blockedBy = (): ParleyError => new ParleyError('blocked', 'They do not take messages from you.');

export interface Blocks {
  /** True when it is known at once that `refuseBlocked` would not reject. */
  knownFree(call: Call, conversation: ConversationItem): boolean;
  /** True when the other one of a direct conversation has blocked the caller. */
  isBlocked(call: Call, conversation: ConversationItem): Promise<boolean>;
  /**
   * Rejects when a direct conversation leads to nobody: with `blocked` when the other one has blocked the caller, with
   * `forbidden` when they were erased. Groups are unaffected.
   */
  refuseBlocked(call: Call, conversation: ConversationItem): Promise<void>;
  block(call: Call, handle: Handle): Promise<void>;
  unblock(call: Call, handle: Handle): Promise<void>;
  /** Those whom the caller blocks; a page may have fewer than its limit where somebody was erased. */
  list(
    call: Call,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly blocks: readonly PublicUserView[]; readonly cursor?: string }>;
}

const otherThan = (user: string, { members }: ConversationItem): string | undefined => {
  for (const member of members) if (member.user_uuid !== user) return member.user_uuid;
  return undefined;
};

export const createBlocks = (
  { patterns, cache, now }: Deps,
  profiles: Profiles,
  userOf: (handle: Handle, call: Call) => Promise<PublicUserView>,
): Blocks => {
  const isBlocked = async (call: Call, conversation: ConversationItem): Promise<boolean> => {
    const other = conversation.kind === 'direct' ? otherThan(call.user, conversation) : undefined;
    if (other === undefined || other === tombstone.user_uuid) return false;
    const { value } = await cache.read(key(other, call.user), policy, async (fresh) => ({
      blocked: (await patterns.getBlock(other, call.user, { ...call, consistent: fresh })) !== undefined,
    }));
    return value?.blocked === true;
  };
  return {
    isBlocked,
    knownFree: (call, conversation) => {
      if (conversation.kind !== 'direct') return true;
      const other = otherThan(call.user, conversation);
      if (other === undefined || other === tombstone.user_uuid) return false;
      return cache.peek<{ readonly blocked: boolean }>(key(other, call.user))?.blocked === false;
    },
    refuseBlocked: async (call, conversation) => {
      if (conversation.kind !== 'direct') return;
      if (otherThan(call.user, conversation) === tombstone.user_uuid) {
        throw new ParleyError('forbidden', 'They are no longer here.');
      }
      if (await isBlocked(call, conversation)) throw blockedBy();
    },
    block: async (call, handle) => {
      const other = await userOf(handle, call);
      if (other.uuid === call.user) throw noSuchUser();
      const block = {
        type: 'block',
        user_uuid: call.user,
        blocked_user_uuid: other.uuid,
        created_at: isoTime(now()),
      } as const;
      // First the mark: an erasure of the other one finds this block by it, whatever happens in between.
      await patterns.putBlockMark({ type: 'block_mark', user_uuid: other.uuid, blocker_uuid: call.user }, call);
      await patterns.putBlock(block, call);
      cache.invalidate([key(call.user, other.uuid)]);
    },
    unblock: async (call, handle) => {
      const other = await userOf(handle, call);
      await patterns.deleteBlock(call.user, other.uuid, call);
      await patterns.deleteBlockMark(other.uuid, call.user, call);
      cache.invalidate([key(call.user, other.uuid)]);
    },
    list: async (call, { limit, cursor }) => {
      const start = cursor === undefined ? undefined : blockPosition(call.user, readBlocksCursor(cursor));
      // One more than asked for tells whether there is a next page.
      const page = { ...call, limit: limit + 1, ...(start && { start }) };
      const found = (await patterns.listBlocks(call.user, page)).items;
      const items = found.slice(0, limit);
      const last = found.length > limit ? items.at(-1) : undefined;
      const known = await profiles.many(
        items.map((item) => item.blocked_user_uuid),
        call,
      );
      const blocks = items.flatMap((item) => {
        const profile = known.get(item.blocked_user_uuid);
        return profile === undefined || isGone(profile)
          ? []
          : [{ uuid: profile.uuid, handle: profile.handle, display_name: profile.display_name }];
      });
      return { blocks, ...(last !== undefined && { cursor: blocksCursor(last.blocked_user_uuid) }) };
    },
  };
};
