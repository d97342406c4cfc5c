/**
 * Fills a data folder for a level: entries, rows, conversations and profiles written through the access patterns of the real
 * table, a thousand to a commit. Every message of the long conversation is sealed by the real sealer; of the other
 * conversations those that an inbox shows first are, and the rest hold copies of a sealed text, which nobody opens.
 *
 * The table's clock runs through as much time as such a history takes, so that its change feed holds a day of it at the end,
 * as it would, and not all.
 */
import { randomBytes } from 'node:crypto';
import { isoTime } from '#domain/time';
import { uuidV7 } from '#domain/uuid';
import { directUuid } from '#messenger/conversations';
import { placeOf } from '#messenger/render';
import { sealText } from '#messenger/seal-text';
import type { ConversationItem, EntryItem, InboxRowItem } from '#store/items';
import { folderChange } from '#store/positions';
import { seeded, seededUuid } from '../harness/random.ts';
import { makeWorld, type Person } from '../harness/world.ts';
import { type EmbeddedParley, openEmbeddedParley } from '../parley/embedded.ts';
import { provision, userOf } from '../parley/node.ts';
import { folderBytes } from '../rivals/postgres/cluster.ts';
import { cast, type Level } from './level.ts';

export interface Loaded {
  readonly seconds: number;
  /** On disk, of the conversations with their rows, profiles and first messages; and of the long conversation's entries. */
  readonly conversationBytes: number;
  readonly messageBytes: number;
}

/** As many as one commit of the table takes. */
const atOnce = 1_000;
/** Between two messages: a day's feed then holds 8,640 of them. */
const stepMs = 10_000;
/** The newest conversations, whose texts are sealed for their own place: more than an inbox's page. */
const sealedConversations = 100;

interface Pen {
  readonly parley: EmbeddedParley;
  readonly random: () => number;
  readonly text: (n: number) => string;
}

const entryOf = async (
  { parley, text }: Pen,
  conversation: string,
  seq: number,
  author: Person,
  at: number,
  /** Stands there instead of a text sealed for this place. */
  copy?: string,
): Promise<EntryItem & { readonly message: string }> => ({
  type: 'message',
  kind: 'text',
  message_group_uuid: conversation,
  seq,
  uuid: uuidV7(at, randomBytes(10)),
  user_uuid: author.uuid,
  display_name: author.display_name,
  handle: author.handle,
  ...(copy === undefined
    ? await sealText(parley.sealer, placeOf(conversation, seq, author.uuid), text(seq), undefined)
    : { message: copy }),
  created_at: isoTime(at),
});

const rowOf = (me: Person, other: Person, last: EntryItem): InboxRowItem => ({
  type: 'inbox_row',
  user_uuid: me.uuid,
  message_group_uuid: last.message_group_uuid,
  kind: 'direct',
  ...folderChange(me.uuid, 'inbox'),
  other_user_uuid: other.uuid,
  other_user_display_name: other.display_name,
  other_user_handle: other.handle,
  ...(last.message !== undefined && { last_message: last.preview ?? last.message }),
  last_message_at: last.created_at,
  last_user_uuid: last.user_uuid,
  last_seq: last.seq,
  last_rev: 0,
  read_seq: 0,
  muted: false,
});

const conversationOf = (uuid: string, a: Person, b: Person, at: number): ConversationItem => ({
  type: 'conversation',
  uuid,
  kind: 'direct',
  created_by: a.uuid,
  created_at: isoTime(at),
  members_seq: 0,
  members: [a, b].map((person) => ({ user_uuid: person.uuid, spans: [{ from: 0 }] })),
});

/** A conversation of the two with its first message, and rows that show it. */
const writeConversation = async (
  pen: Pen,
  [a, b]: readonly [Person, Person],
  at: number,
  copy?: string,
): Promise<string> => {
  const { patterns } = pen.parley;
  const uuid = directUuid(userOf(a), userOf(b));
  const first = await entryOf(pen, uuid, 1, a, at, copy);
  await Promise.all([
    patterns.createConversation(conversationOf(uuid, a, b, at)),
    patterns.createInboxRow(rowOf(a, b, first)),
    patterns.createInboxRow(rowOf(b, a, first)),
    patterns.appendEntry(first),
  ]);
  return first.message;
};

/** Fills the empty folder, and leaves it as a server does that was stopped: inboxes current, the fan-out's place noted. */
export const loadLevel = async (folder: string, level: Level): Promise<Loaded> => {
  const begin = performance.now();
  const { busy, other, conversation } = cast();
  const { text } = makeWorld({ people: 2, conversationsEach: 0, messagesEach: 0 });
  let clock = Date.now() - (level.messages + level.conversations) * stepMs;
  const parley = await openEmbeddedParley(folder, () => clock);
  const pen: Pen = { parley, random: seeded(5), text };
  const inSteps = async (count: number, act: (n: number, at: number) => Promise<unknown>): Promise<void> => {
    for (let from = 0; from < count; from += atOnce) {
      const many = Math.min(atOnce, count - from);
      await Promise.all(Array.from({ length: many }, (_, index) => act(from + index, clock + index * stepMs)));
      clock += many * stepMs;
    }
  };
  try {
    await provision(parley.messenger, busy);
    await provision(parley.messenger, other);
    const sealed = await writeConversation(pen, [busy, other], clock);
    const shortOnes = level.conversations - 1;
    await inSteps(shortOnes, async (n, at) => {
      const friend = { uuid: seededUuid(pen.random), handle: `friend_${n}`, display_name: `Friend ${n}` };
      await Promise.all([
        parley.patterns.createProfile({ type: 'profile', ...friend, status: 'active', created_at: isoTime(at) }),
        writeConversation(pen, [friend, busy], at, n < shortOnes - sealedConversations ? sealed : undefined),
      ]);
    });
    const conversationBytes = folderBytes(folder);
    await inSteps(level.messages - 1, async (n, at) =>
      parley.patterns.appendEntry(await entryOf(pen, conversation, n + 2, n % 2 === 0 ? other : busy, at)),
    );
    await parley.startFanout().settled();
    const messageBytes = folderBytes(folder) - conversationBytes;
    return { seconds: (performance.now() - begin) / 1_000, conversationBytes, messageBytes };
  } finally {
    await parley.close();
  }
};
