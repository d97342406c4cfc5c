/**
 * Who is in a conversation, as fresh as the question needs.
 *
 * Every entry names the system entry whose membership it was written under (`members_seq`), so a cached membership is known
 * to be out of date the moment a newer entry is seen: sends and pages are exact, and still need no read (CONV-2, PAGE-4).
 */
import type { Cache, CachePolicy } from '#cache/port';
import { isIn, type Spanned } from '#domain/membership';
import type { ConversationItem } from '#store/items';
import type { Patterns } from '#store/patterns';
import { isConditionFailed } from '#table/errors';
import type { CallOptions } from '#table/port';
import { noSuchConversation } from './faults.ts';
import type { Call } from './messenger.ts';

const policy: CachePolicy = { ttlMs: 30_000, staleOnErrorMs: 60_000, negativeTtlMs: 500 };

const key = (conversation: string): string => `conversation:${conversation}`;

export interface Memberships {
  /** Entry 0 when the cache has it at hand. */
  known(conversation: string): ConversationItem | undefined;
  /** Entry 0, perhaps from the cache. */
  get(conversation: string, call?: CallOptions): Promise<ConversationItem | undefined>;
  /** Entry 0 with the membership that the system entry `membersSeq`, or a newer one, brought. */
  atLeast(conversation: string, membersSeq: number, call?: CallOptions): Promise<ConversationItem | undefined>;
  /** The conversation and the user's place in it, or the one 404 there is (PAGE-4). They may have left. */
  mustKnow(call: Call, conversation: string): Promise<{ conversation: ConversationItem; member: Spanned }>;
  changed(conversation: string): void;
}

export const memberOf = (item: ConversationItem | undefined, user: string): Spanned | undefined => {
  if (item === undefined) return undefined;
  for (const member of item.members) if (member.user_uuid === user) return member;
  return undefined;
};

export const createMemberships = (patterns: Patterns, cache: Cache): Memberships => {
  const get = async (conversation: string, call?: CallOptions) =>
    (
      await cache.read(key(conversation), policy, (fresh) =>
        patterns.getConversation(conversation, { ...call, settled: !fresh }),
      )
    ).value;
  const changed = (conversation: string) => cache.invalidate([key(conversation)]);

  const atLeast = async (conversation: string, membersSeq: number, call?: CallOptions) => {
    let item = await get(conversation, call);
    if (item === undefined || item.members_seq >= membersSeq) return item;
    changed(conversation);
    item = await get(conversation, call);
    if (item === undefined || item.members_seq >= membersSeq) return item;
    // The writer of that system entry stopped before it could carry it over to entry 0; the log is the truth.
    const entry = await patterns.getEntry(conversation, membersSeq, call);
    if (entry?.membership === undefined) return item;
    try {
      item = await patterns.projectMembership(conversation, entry.membership, call);
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      item = await patterns.getConversation(conversation, call);
    }
    changed(conversation);
    return item;
  };

  return {
    known: (conversation) => cache.peek(key(conversation)),
    get,
    atLeast,
    changed,
    mustKnow: async (call, conversation) => {
      let item = await get(conversation, call);
      if (item !== undefined && !isIn(memberOf(item, call.user)) && item.kind === 'group') {
        // Perhaps they have just joined: look again, past the caches, before saying no. Nobody else has to load it anew
        // because a stranger asked.
        const current = await patterns.getConversation(conversation, call);
        if (current?.members_seq !== item.members_seq) changed(conversation);
        item = current;
      }
      const member = memberOf(item, call.user);
      if (item === undefined || member === undefined) throw noSuchConversation();
      return { conversation: item, member };
    },
  };
};
