/**
 * Bringing in conversations from elsewhere: idempotent for ever, not only for the 24 hours of a client's uuid, because every
 * person, conversation and message gets a uuid that follows from what is imported. Operators only; no route leads here.
 */
import { createHash } from 'node:crypto';
import { ParleyError } from '#domain/errors';
import { type ConversationUuid, type MessageUuid, handle as toHandle, type UserUuid } from '#domain/ids';
import { groupMembersMax, messageCharactersMax } from '#domain/limits';
import { isIn } from '#domain/membership';
import { storableText } from '#domain/text';
import { isoTime } from '#domain/time';
import { uuidFromSha1 } from '#domain/uuid';
import type { ConversationItem, EntryItem } from '#store/items';
import { isConditionFailed } from '#table/errors';
import { directUuid } from './conversations.ts';
import type { Deps } from './deps.ts';
import { ensureRow } from './inbox-rows.ts';
import type { Log } from './log.ts';
import { memberOf } from './memberships.ts';
import type { createPeople } from './people.ts';
import { placeOf } from './render.ts';
import { sealText } from './seal-text.ts';

/** One conversation to import: who wrote what, in order. */
export interface ImportedConversation {
  readonly id: string;
  readonly messages: readonly { readonly from: string; readonly text: string }[];
}

export interface ImportResult {
  readonly conversation: string;
  readonly written: number;
  /** Messages that stood there already. */
  readonly found: number;
}

const digest = (...parts: string[]): Uint8Array => createHash('sha1').update(parts.join('\u0000')).digest();

/** A uuid of version 7's form at time 0, which no client can send, that follows from the conversation and the place in it. */
const importedUuid = (id: string, index: number): MessageUuid => {
  const hex = Buffer.from(digest('parley import message', id, String(index))).toString('hex');
  return `00000000-0000-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}` as MessageUuid;
};

/** Imports one conversation; what is there already stays as it is. Messages keep their order and get the time of the import. */
export type Import = (source: ImportedConversation) => Promise<ImportResult>;

export const createImport = (
  { patterns, sealer, now }: Deps,
  parts: {
    readonly log: Log;
    readonly people: Pick<ReturnType<typeof createPeople>, 'provision'>;
    readonly appended: () => void;
  },
): Import => {
  const personOf = async (id: string, name: string) => {
    const hex = Buffer.from(digest('parley import person', id, name)).toString('hex');
    const uuid = uuidFromSha1(digest('parley import person', id, name)) as UserUuid;
    const handle = toHandle(`i_${hex.slice(0, 20)}`);
    if (handle === undefined) throw new Error('a handle of digits and letters is a handle');
    const profile = await parts.people.provision(uuid, { handle, display_name: name });
    return { uuid, name, handle: profile.handle, display_name: profile.display_name };
  };

  return async (source) => {
    const names = [...new Set(source.messages.map((message) => message.from))];
    if (names.length < 2 || names.length > groupMembersMax) {
      throw new ParleyError('invalid_field', `${source.id}: a conversation is between 2 and ${groupMembersMax} people`);
    }
    const texts = source.messages.map((message) => storableText('text', message.text, messageCharactersMax));
    const people = await Promise.all(names.map((name) => personOf(source.id, name)));
    const [first, second] = people;
    if (first === undefined || second === undefined) throw new Error('two names give two people');
    const uuid =
      people.length === 2
        ? directUuid(first.uuid, second.uuid)
        : (uuidFromSha1(digest('parley import group', source.id)) as ConversationUuid);
    const item: ConversationItem = {
      type: 'conversation',
      uuid,
      kind: people.length === 2 ? 'direct' : 'group',
      created_by: first.uuid,
      created_at: isoTime(now()),
      members_seq: 0,
      members: people.map((person) => ({ user_uuid: person.uuid, spans: [{ from: 0 }] })),
      ...(people.length > 2 && { title: source.id.slice(0, 100) }),
    };
    try {
      await patterns.createConversation(item);
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
    }
    // Whoever was erased since an earlier import stays erased.
    const standing = (await patterns.getConversation(uuid)) ?? item;
    const stay = (user: string): boolean => isIn(memberOf(standing, user));
    await Promise.all(
      people.filter((person) => stay(person.uuid)).map((person) => ensureRow(patterns, person.uuid, standing, true)),
    );

    let written = 0;
    for (const [index, text] of texts.entries()) {
      const author = people.find((person) => person.name === source.messages[index]?.from) ?? first;
      const messageUuid = importedUuid(source.id, index);
      const build = async (seq: number, createdAt: number, membersSeq: number): Promise<EntryItem> => {
        if (!stay(author.uuid)) {
          throw new ParleyError('conflict', `${source.id}: somebody who wrote in it is no longer in the conversation`);
        }
        return {
          type: 'message',
          kind: 'text',
          message_group_uuid: uuid,
          seq,
          uuid: messageUuid,
          user_uuid: author.uuid,
          display_name: author.display_name,
          handle: author.handle,
          ...(await sealText(sealer, placeOf(uuid, seq, author.uuid), text, undefined)),
          created_at: isoTime(createdAt),
          ...(membersSeq > 0 && { members_seq: membersSeq }),
        };
      };
      // Time 0: the whole log is the window, however long ago the first import was.
      const { replayed } = await parts.log.append(uuid, async () => ({ uuid: messageUuid, uuidTime: 0, build }));
      if (!replayed) {
        written += 1;
        parts.appended();
      }
    }
    return { conversation: uuid, written, found: texts.length - written };
  };
};
