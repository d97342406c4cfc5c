/** C: create a message. Who may speak is decided here, and again at the very place in the log where the entry goes. */
import { ParleyError } from '#domain/errors';
import { type MessageUuid, messageUuid } from '#domain/ids';
import { clockSkewMsMax, messageCharactersMax, uuidAgeMsMax } from '#domain/limits';
import { isIn, mayRead } from '#domain/membership';
import { storableText } from '#domain/text';
import { isoTime } from '#domain/time';
import { uuidV7, uuidV7Time } from '#domain/uuid';
import type { ConversationItem, EntryItem, ProfileItem } from '#store/items';
import type { Blocks } from './blocks.ts';
import type { Deps } from './deps.ts';
import { noSuchConversation } from './faults.ts';
import type { Draft, Log } from './log.ts';
import { type Memberships, memberOf } from './memberships.ts';
import type { Call, SendRequest } from './messenger.ts';
import type { Profiles } from './profiles.ts';
import { placeOf, type Render } from './render.ts';
import { type SealedText, sealText } from './seal-text.ts';
import type { MessageView } from './views.ts';

/** The uuid and its time, or a fresh one; refuses a malformed, early or expired one (LOG-5). */
const nameFor = (
  asked: string | undefined,
  now: number,
  randomBytes: Deps['randomBytes'],
): { uuid: MessageUuid; uuidTime: number | undefined } => {
  if (asked === undefined) return { uuid: uuidV7(now, randomBytes(10)) as MessageUuid, uuidTime: undefined };
  const uuid = messageUuid(asked);
  if (uuid === undefined) {
    const message = 'must be a UUID of version 7';
    throw new ParleyError('invalid_field', `uuid: ${message}`, { fields: [{ field: 'uuid', message }] });
  }
  const uuidTime = uuidV7Time(uuid);
  const extra = { server_time: isoTime(now) };
  if (uuidTime > now + clockSkewMsMax) {
    throw new ParleyError('clock_ahead', 'The time in the uuid is more than 5 minutes ahead.', { extra });
  }
  if (uuidTime < now - uuidAgeMsMax) {
    throw new ParleyError('uuid_expired', 'The time in the uuid is more than 24 hours ago.', { extra });
  }
  return { uuid, uuidTime };
};

/** What `refuseBlocked` refuses with. */
const refusals: ReadonlySet<string> = new Set(['blocked', 'forbidden']);

export const createSend =
  (
    { sealer, bus, now, randomBytes }: Deps,
    parts: {
      readonly log: Log;
      readonly memberships: Memberships;
      readonly profiles: Profiles;
      readonly blocks: Blocks;
      readonly render: Render;
      /** Told after each entry that is now durable: the fan-out's cue. */
      readonly appended: () => void;
    },
  ) =>
  async (
    call: Call,
    conversation: string,
    request: SendRequest,
  ): Promise<{ message: MessageView; replayed: boolean }> => {
    const { log, memberships, profiles, blocks, render } = parts;
    const text = storableText('message', request.message, messageCharactersMax);
    const named = nameFor(request.uuid, now(), randomBytes);
    /** Who may speak here, when what the caches hold says plainly that they may; every doubt goes the long way. */
    const preparedAtOnce = (): Draft | undefined => {
      const known = memberships.known(conversation);
      if (known === undefined || !isIn(memberOf(known, call.user))) return undefined;
      const author = profiles.known(call.user);
      if (author === undefined || !blocks.knownFree(call, known)) return undefined;
      return { ...named, build: builder(known, author) };
    };
    /** The same, asked while what came before is still being written. */
    const prepareByAsking = async (): Promise<Draft> => {
      const [{ conversation: known }, author] = await Promise.all([
        memberships.mustKnow(call, conversation),
        profiles.get(call.user, call),
      ]);
      if (author === undefined) throw noSuchConversation();
      try {
        await blocks.refuseBlocked(call, known);
      } catch (error) {
        // What was sent before they were blocked is answered as it was then (LOG-4): the log is asked first.
        if (named.uuidTime === undefined || !(error instanceof ParleyError) || !refusals.has(error.code)) throw error;
        const build = (): never => {
          throw error;
        };
        return { ...named, build };
      }
      return { ...named, build: builder(known, author) };
    };

    /** Under whose eyes the entry was written last: those who are told of it. */
    let audience: ConversationItem | undefined;
    const builder = (known: ConversationItem, author: ProfileItem): Draft['build'] => {
      const under = (
        current: ConversationItem | undefined,
        seq: number,
        createdAt: number,
        membersSeq: number,
      ): EntryItem | Promise<EntryItem> => {
        const member = memberOf(current, call.user);
        if (member === undefined || !isIn(member)) {
          throw new ParleyError('forbidden', 'You are no longer in this conversation.');
        }
        // What its author may not read is to them as what is not there (PAGE-4).
        if (request.reply_to !== undefined && (request.reply_to >= seq || !mayRead(member, request.reply_to))) {
          throw new ParleyError('seq_out_of_range', 'reply_to names a message that does not exist.');
        }
        audience = current;
        const sealed = sealText(sealer, placeOf(conversation, seq, call.user), text, call.deadline);
        return sealed instanceof Promise
          ? sealed.then((one) => entryOf(one, seq, createdAt, membersSeq))
          : entryOf(sealed, seq, createdAt, membersSeq);
      };
      const entryOf = (sealed: SealedText, seq: number, createdAt: number, membersSeq: number): EntryItem => {
        // One by one: spreading what there may be costs several times as much.
        const entry: { -readonly [Name in keyof EntryItem]: EntryItem[Name] } = {
          type: 'message',
          kind: 'text',
          message_group_uuid: conversation,
          seq,
          uuid: named.uuid,
          user_uuid: call.user,
          display_name: author.display_name,
          handle: author.handle,
          message: sealed.message,
          created_at: isoTime(createdAt),
        };
        if (sealed.preview !== undefined) entry.preview = sealed.preview;
        if (request.reply_to !== undefined) entry.reply_to = request.reply_to;
        if (membersSeq > 0) entry.members_seq = membersSeq;
        return entry;
      };
      return (seq, createdAt, membersSeq) =>
        known.members_seq >= membersSeq
          ? under(known, seq, createdAt, membersSeq)
          : memberships
              .atLeast(conversation, membersSeq, call)
              .then((current) => under(current, seq, createdAt, membersSeq));
    };

    const { entry, replayed } = await log.append(conversation, () => preparedAtOnce() ?? prepareByAsking(), call);
    parts.appended();
    if (!replayed) {
      const to: string[] = [];
      for (const member of audience?.members ?? []) if (isIn(member)) to.push(member.user_uuid);
      bus.publish({ type: 'message.created', to, body: entry });
      return { message: render.written(entry, text), replayed };
    }
    const message = await render.message(entry, call);
    // A message changed since is compared by its author alone: what was first written is no longer there.
    const changed = entry.edited_at !== undefined || entry.deleted_at !== undefined;
    if (entry.user_uuid !== call.user || entry.kind !== 'text' || (!changed && message.message !== text)) {
      throw new ParleyError('uuid_reused', 'This uuid names another message.');
    }
    return { message, replayed };
  };
