/** What must hold after a run, once the network is calm and the fan-out has caught up. Each finding names its rule. */

import type { ConversationUuid } from '#domain/ids';
import { isIn, mayRead, present } from '#domain/membership';
import { encodeStored } from '#domain/stored-json';
import { tombstone } from '#domain/tombstone';
import type { Messenger } from '#messenger/messenger';
import type { MessageView } from '#messenger/views';
import type { ConversationItem, EntryItem, HandleItem, InboxRowItem, ProfileItem, StoredItem } from '#store/items';
import { folderChange } from '#store/positions';
import type { ScannableTable } from '#table/port';
import type { Notes, Person } from './clients.ts';

/** The main table's items, as they stand. */
export interface Stored {
  readonly conversations: Map<string, ConversationItem>;
  readonly entries: Map<string, EntryItem[]>;
  readonly rows: Map<string, InboxRowItem>;
  readonly profiles: Map<string, ProfileItem>;
  readonly handles: Map<string, HandleItem>;
  /** Every item, as one text. */
  readonly texts: string[];
}

export const readAll = async (table: ScannableTable): Promise<Stored> => {
  const stored: Stored = {
    conversations: new Map(),
    entries: new Map(),
    rows: new Map(),
    profiles: new Map(),
    handles: new Map(),
    texts: [],
  };
  let start: Parameters<ScannableTable['scan']>[0]['start'];
  do {
    const page = await table.scan(start ? { start } : {});
    for (const raw of page.items) {
      const item = raw as unknown as StoredItem;
      stored.texts.push(encodeStored(raw));
      if (item.type === 'profile') stored.profiles.set(item.uuid, item);
      if (item.type === 'handle') stored.handles.set(item.handle, item);
      if (item.type === 'conversation') stored.conversations.set(item.uuid, item);
      if (item.type === 'inbox_row') stored.rows.set(`${item.user_uuid} ${item.message_group_uuid}`, item);
      if (item.type === 'message') {
        const log = stored.entries.get(item.message_group_uuid) ?? [];
        stored.entries.set(item.message_group_uuid, log);
        log.push(item);
      }
    }
    start = page.next;
  } while (start !== undefined);
  for (const log of stored.entries.values()) log.sort((a, b) => a.seq - b.seq);
  return stored;
};

const checkLog = (log: readonly EntryItem[], notes: Notes): string[] => {
  const wrong: string[] = [];
  const seen = new Map<string, number>();
  log.forEach((entry, index) => {
    if (entry.seq !== index + 1) wrong.push(`[LOG-2] a gap before ${entry.seq}`);
    const before = log[index - 1];
    if (before !== undefined && !(before.created_at < entry.created_at))
      wrong.push(`[LOG-6] time stands still at ${entry.seq}`);
    const twice = seen.get(entry.uuid);
    if (twice !== undefined) wrong.push(`[LOG-4] ${entry.uuid} at ${twice} and at ${entry.seq}`);
    seen.set(entry.uuid, entry.seq);
    if (entry.kind === 'text' && !notes.attempted.has(entry.uuid)) wrong.push(`[LOG-8] nobody sent ${entry.uuid}`);
  });
  return wrong;
};

const checkAcknowledged = (stored: Stored, notes: Notes): string[] => {
  const wrong: string[] = [];
  for (const [uuid, message] of notes.acknowledged) {
    const entry = stored.entries.get(message.message_group_uuid)?.[message.seq - 1];
    if (entry?.uuid !== uuid) wrong.push(`[LOG-8] acknowledged ${uuid} at ${message.seq}, where ${entry?.uuid} is`);
  }
  for (const view of notes.opened) {
    const item = stored.conversations.get(view.uuid);
    const by = notes.erased.has(view.created_by) ? tombstone.user_uuid : view.created_by;
    if (item?.created_at !== view.created_at || item.created_by !== by) {
      wrong.push(`[CONV-1] ${view.uuid} is not the conversation that was opened`);
    }
  }
  return wrong;
};

const checkRow = (
  row: InboxRowItem | undefined,
  user: string,
  item: ConversationItem,
  log: readonly EntryItem[],
  notes: Notes,
): string[] => {
  const name = `${user} ${item.uuid}`;
  const member = item.members.find(({ user_uuid }) => user_uuid === user);
  if (member === undefined) return [];
  if (row === undefined) return [`[INBOX-5] no row for ${name}`];
  const wrong: string[] = [];
  const readable = log.filter((entry) => mayRead(member, entry.seq));
  const newest = readable.at(-1);
  if (newest === undefined) return wrong;
  if (row.last_seq !== newest.seq) wrong.push(`[INBOX-5] ${name} shows ${row.last_seq}, the log has ${newest.seq}`);
  if (row.last_message_at !== newest.created_at) wrong.push(`[INBOX-3] ${name} shows the wrong time`);
  if (row.last_message !== (newest.preview ?? newest.message)) wrong.push(`[INBOX-6] ${name} shows another text`);
  const title = isIn(member) ? item.title : newest.membership?.title;
  if (row.title !== title) wrong.push(`[CONV-2] ${name} shows the title ${row.title}, not ${title}`);
  const own = readable.findLast((entry) => entry.user_uuid === user)?.seq ?? 0;
  const marks = notes.marks.get(name);
  const joined = Math.max(0, (member.spans.at(-1)?.from ?? 0) - 1, (member.spans[0]?.from ?? 0) - 1);
  // Who came back has read what was said without them: it is not theirs to read.
  const [back, before] = [member.spans.at(-1), member.spans.at(-2)];
  const returned = back !== undefined && (before?.to ?? back.from) < back.from - 1 ? back.from - 1 : 0;
  const least = marks?.back === true ? 0 : Math.max(own, marks?.acknowledged ?? 0, returned);
  const possible = new Set([
    0,
    joined,
    ...member.spans.map(({ from }) => from - 1),
    (member.spans[0]?.from ?? 1) - 1,
    own,
    ...(marks?.tried ?? []),
  ]);
  for (const entry of readable) if (entry.user_uuid === user) possible.add(entry.seq);
  if (row.read_seq < least || !possible.has(row.read_seq))
    wrong.push(`[INBOX-2] ${name} read up to ${row.read_seq}, not ${least}`);
  return wrong;
};

const checkWalks = async (messenger: Messenger, person: Person, item: ConversationItem, log: readonly EntryItem[]) => {
  const member = item.members.find(({ user_uuid }) => user_uuid === person.uuid);
  if (member === undefined) return [];
  const walked: MessageView[] = [];
  let cursor: string | undefined;
  do {
    const request = cursor === undefined ? { limit: 7 } : { limit: 7, cursor };
    const page = await messenger.history({ user: person.uuid }, item.uuid as ConversationUuid, request);
    walked.push(...page.messages);
    cursor = page.cursor;
  } while (cursor !== undefined);
  const expected = log.filter((entry) => mayRead(member, entry.seq)).map((entry) => entry.seq);
  const got = walked.map((message) => message.seq).reverse();
  const wrong = got.join() === expected.join() ? [] : [`[PAGE-2] ${person.handle} walked ${got} of ${expected}`];
  if (walked.some((message) => message.unreadable !== undefined))
    wrong.push(`[SEC-3] ${person.handle} cannot read a text`);
  return wrong;
};

const checkInbox = async (messenger: Messenger, person: Person, stored: Stored): Promise<string[]> => {
  const { conversations } = await messenger.inbox({ user: person.uuid }, { folder: 'inbox', limit: 100 });
  const { inbox } = folderChange(person.uuid, 'inbox');
  const expected = [...stored.rows.values()].filter((row) => row.user_uuid === person.uuid && row.inbox === inbox);
  const wrong: string[] = [];
  if (conversations.length !== expected.length)
    wrong.push(`[INBOX-1] ${person.handle} lists ${conversations.length} of ${expected.length}`);
  for (const [index, row] of conversations.entries()) {
    const above = conversations[index - 1];
    if (above !== undefined && above.last_message_at < row.last_message_at)
      wrong.push(`[INBOX-1] ${person.handle}: out of order`);
    if (row.unread !== Math.max(0, row.last_seq - row.read_seq))
      wrong.push(`[INBOX-2] ${person.handle}: unread ${row.unread}`);
  }
  return wrong;
};

/** Everything that is wrong; nothing when the run was right. The messenger is a fresh node's, over a calm network. */
export const findFaults = async (
  stored: Stored,
  messenger: Messenger,
  people: readonly Person[],
  notes: Notes,
): Promise<string[]> => {
  const wrong = [...notes.wrong, ...checkAcknowledged(stored, notes)];
  for (const item of stored.conversations.values()) {
    const log = stored.entries.get(item.uuid) ?? [];
    wrong.push(...checkLog(log, notes));
    const newestChange = log.findLast((entry) => entry.membership !== undefined)?.membership;
    if (newestChange !== undefined && newestChange.members_seq !== item.members_seq) {
      wrong.push(`[CONV-2] entry 0 knows of change ${item.members_seq}, the log of ${newestChange.members_seq}`);
    }
    for (const person of people.filter(({ uuid }) => !notes.erased.has(uuid))) {
      const row = stored.rows.get(`${person.uuid} ${item.uuid}`);
      wrong.push(...checkRow(row, person.uuid, item, log, notes));
      wrong.push(...(await checkWalks(messenger, person, item, log)));
    }
    for (const entry of log) {
      const members = newestAt(log, entry, item);
      if (
        entry.kind === 'text' &&
        entry.user_uuid !== tombstone.user_uuid &&
        !present(members).some(({ user_uuid }) => user_uuid === entry.user_uuid)
      ) {
        wrong.push(`[CONV-2] ${entry.seq} is by somebody who was not in it`);
      }
    }
  }
  for (const person of people)
    if (!notes.erased.has(person.uuid)) wrong.push(...(await checkInbox(messenger, person, stored)));
  return [...wrong, ...checkPeople(stored, notes), ...checkShown(stored, notes)];
};

/**
 * Handles are one each, names are the newest everywhere, and whoever was erased is nowhere: but in half of a block, where
 * somebody blocked or unblocked at that moment and ended half-way (docs/adr/0008).
 */
const checkPeople = (stored: Stored, notes: Notes): string[] => {
  const wrong: string[] = [];
  for (const profile of stored.profiles.values()) {
    if (profile.status !== 'erased' && stored.handles.get(profile.handle)?.user_uuid !== profile.uuid)
      wrong.push(`[USER-2] ${profile.uuid} is called ${profile.handle}, which is not theirs`);
  }
  for (const row of stored.rows.values()) {
    const other = row.other_user_uuid === undefined ? undefined : stored.profiles.get(row.other_user_uuid);
    if (other === undefined) continue;
    if (row.other_user_display_name !== other.display_name || row.other_user_handle !== other.handle)
      wrong.push(`[INBOX-6] ${row.user_uuid} sees ${row.other_user_display_name}, who is ${other.display_name}`);
  }
  for (const user of notes.erased) {
    const left = stored.texts.filter(
      (text) => text.includes(user) && !/"type":"(profile|handle|block|block_mark)"/.test(text),
    );
    if (left.length > 0) wrong.push(`[USER-5] ${left.length} items name ${user}: ${left[0]}`);
  }
  for (const name of notes.deleted) {
    const [conversation = '', seq] = name.split(' ');
    if (stored.entries.get(conversation)?.[Number(seq) - 1]?.message !== undefined)
      wrong.push(`[CONV-4] ${name} was deleted and still stands`);
  }
  return wrong;
};

/** Nobody was ever shown a text from before they joined, between two stays, or from after they left. */
const checkShown = (stored: Stored, notes: Notes): string[] =>
  [...notes.shown].flatMap((name) => {
    const [user = '', conversation = '', seq] = name.split(' ');
    if (notes.erased.has(user)) return [];
    const member = stored.conversations.get(conversation)?.members.find(({ user_uuid }) => user_uuid === user);
    return member !== undefined && mayRead(member, Number(seq)) ? [] : [`[CONV-2] ${name} was shown`];
  });

/** The members under whom an entry was written, by the log alone. */
const newestAt = (log: readonly EntryItem[], entry: EntryItem, item: ConversationItem): ConversationItem['members'] => {
  const change = log.findLast((other) => other.membership !== undefined && other.seq < entry.seq);
  return change?.membership?.members ?? item.members.map((member) => ({ ...member, spans: [{ from: 0 }] }));
};
