/** Changing what was said: edit and delete, the author's alone; reactions, anybody's who is in it (CONV-4). */
import { ParleyError } from '#domain/errors';
import { messageCharactersMax, reactionsMax, seqMax } from '#domain/limits';
import { isIn, mayRead, present } from '#domain/membership';
import { storableEmoji, storableText } from '#domain/text';
import { isoTime } from '#domain/time';
import { asStored, type EntryItem } from '#store/items';
import { isConditionFailed, TableError } from '#table/errors';
import type { Changes, Condition } from '#table/port';
import { type Blocks, blockedBy } from './blocks.ts';
import type { Deps } from './deps.ts';
import { noSuchConversation, noSuchMessage } from './faults.ts';
import { type Memberships, memberOf } from './memberships.ts';
import type { Call } from './messenger.ts';
import { placeOf, type Render } from './render.ts';
import { sealText } from './seal-text.ts';
import type { MessageView } from './views.ts';

const isText: Condition = { attribute: 'kind', is: '=', value: 'text' };
const stands: Condition = { attribute: 'deleted_at', is: 'absent' };

export const createRevise = (
  { patterns, sealer, bus, now }: Deps,
  parts: {
    readonly memberships: Memberships;
    readonly blocks: Blocks;
    readonly render: Render;
    /** Told of each entry changed, once it is durable: the caches' and the fan-out's cue. */
    readonly revised: (conversation: string, seq: number) => void;
  },
) => {
  const { memberships, blocks, render, revised } = parts;

  /** The conversation as of a system entry, or newer, for somebody who is in it and may read the entry. */
  const mustReach = async (call: Call, conversation: string, seq: number, membersSeq = 0) => {
    const { conversation: known } = await memberships.mustKnow(call, conversation);
    const item = known.members_seq >= membersSeq ? known : await memberships.atLeast(conversation, membersSeq, call);
    const member = memberOf(item, call.user);
    if (item === undefined || member === undefined) throw noSuchConversation();
    if (!isIn(member)) throw new ParleyError('forbidden', 'You are no longer in this conversation.');
    if (!Number.isInteger(seq) || seq < 1 || seq > seqMax || !mayRead(member, seq)) throw noSuchMessage();
    return item;
  };

  /** The same, for a change that says something: whoever is blocked has nothing more to say to the one who blocked them. */
  const mustSpeak = async (call: Call, conversation: string, seq: number): Promise<void> => {
    if (await blocks.isBlocked(call, await mustReach(call, conversation, seq))) throw blockedBy();
  };

  /** Who may change it is decided under the membership it was written under, or a newer one: of an older one it tells. */
  const apply = async (
    call: Call,
    conversation: string,
    seq: number,
    changes: Changes,
    condition: Condition,
    membersSeq = 0,
  ): Promise<{ readonly entry?: EntryItem; readonly standing?: EntryItem | undefined }> => {
    const item = await mustReach(call, conversation, seq, membersSeq);
    const known: Condition = {
      any: [
        { attribute: 'members_seq', is: 'absent' },
        { attribute: 'members_seq', is: '<=', value: item.members_seq },
      ],
    };
    let entry: EntryItem;
    try {
      const counted = { ...changes, add: { ...changes.add, rev: 1 } };
      entry = await patterns.reviseEntry(conversation, seq, counted, { all: [isText, stands, known, condition] }, call);
    } catch (error) {
      // It may have happened, or may yet: what the caches hold is perhaps old.
      if (error instanceof TableError && error.outcome === 'unknown') revised(conversation, seq);
      if (!isConditionFailed(error)) throw error;
      const standing = error.item && asStored<EntryItem>(error.item);
      const under = standing?.members_seq ?? 0;
      if (under > Math.max(item.members_seq, membersSeq)) {
        return apply(call, conversation, seq, changes, condition, under);
      }
      return { standing };
    }
    revised(conversation, seq);
    // Those who may read it, of who was in it when this node last looked; whoever came back since fetches.
    const to = present(item.members).flatMap((member) => (mayRead(member, seq) ? [member.user_uuid] : []));
    bus.publish({ type: 'message.updated', to, body: entry });
    return { entry };
  };

  const refusal = (standing: EntryItem | undefined, user: string): ParleyError => {
    if (standing === undefined) return noSuchMessage();
    if (standing.kind !== 'text' || standing.user_uuid !== user) {
      return new ParleyError('not_author', 'Only its author changes a message.');
    }
    return new ParleyError('message_deleted', 'This message was deleted.');
  };

  const byAuthor = (call: Call): Condition => ({ attribute: 'user_uuid', is: '=', value: call.user });

  return {
    edit: async (call: Call, conversation: string, seq: number, message: string): Promise<MessageView> => {
      const text = storableText('message', message, messageCharactersMax);
      await mustSpeak(call, conversation, seq);
      const sealed = await sealText(sealer, placeOf(conversation, seq, call.user), text, call.deadline);
      const set = { ...sealed, edited_at: isoTime(now()) };
      const changes = sealed.preview === undefined ? { set, remove: { preview: true } as const } : { set };
      const { entry, standing } = await apply(call, conversation, seq, changes, byAuthor(call));
      if (entry === undefined) throw refusal(standing, call.user);
      return render.written(entry, text);
    },

    delete: async (call: Call, conversation: string, seq: number): Promise<MessageView> => {
      const changes = {
        set: { deleted_at: isoTime(now()) },
        remove: { message: true, preview: true, reactions: true },
      } as const;
      const { entry, standing } = await apply(call, conversation, seq, changes, byAuthor(call));
      const deleted =
        entry ?? (standing?.user_uuid === call.user && standing.deleted_at !== undefined ? standing : undefined);
      if (deleted === undefined) throw refusal(standing, call.user);
      // Whoever deleted it before may have ended before they could say so: what the caches hold is perhaps old.
      if (entry === undefined) revised(conversation, seq);
      return render.message(deleted, call);
    },

    react: async (call: Call, conversation: string, seq: number, emoji: string, on: boolean): Promise<MessageView> => {
      const member: ReadonlySet<string> = new Set([`${storableEmoji(emoji)} ${call.user}`]);
      if (on) await mustSpeak(call, conversation, seq);
      const room: Condition = {
        any: [
          { attribute: 'reactions', is: 'absent' },
          { attribute: 'reactions', is: 'size<', value: reactionsMax },
        ],
      };
      const changes = on ? { add: { reactions: member } } : { deleteFrom: { reactions: member } };
      const { entry, standing } = await apply(call, conversation, seq, changes, on ? room : isText);
      if (entry !== undefined) return render.message(entry, call);
      if (standing === undefined || standing.kind !== 'text') throw noSuchMessage();
      if (standing.deleted_at !== undefined) throw refusal(standing, standing.user_uuid);
      throw new ParleyError('too_many_reactions', `A message has at most ${reactionsMax} reactions.`);
    },
  };
};
