/**
 * A long past, written straight into the tables of a data folder before a server opens it: through the same patterns and
 * the same encryption, but many entries at a time and with times of their own, which no route allows.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createLocalBus } from '#bus/local';
import { createLocalCache } from '#cache/local';
import { createSealer } from '#crypto/sealer';
import { createKeyring } from '#crypto/table-keyring';
import { handle as toHandle, type UserUuid } from '#domain/ids';
import { uuidV7, uuidV7RandomBytes } from '#domain/uuid';
import { createMessenger } from '#messenger/create';
import { placeOf } from '#messenger/render';
import { keyWrapper, openTables } from '#server/adapters';
import { readConfig } from '#server/config';
import * as keys from '#store/keys';
import { createPatterns } from '#store/patterns';

/** Entries written at once: enough for the table to commit them together. */
const atOnce = 2_000;
const now = (): number => Date.now();

export interface Historian {
  /** A user, as a first sign-in makes them. */
  person(handle: string, name: string): Promise<UserUuid>;
  /** A direct conversation of `count` messages by turns, from `begin` on, `stepMs` apart. */
  conversation(one: UserUuid, otherHandle: string, other: UserUuid, log: LongLog): Promise<string>;
  /** `count` rows in the user's inbox, a minute apart, newest last. */
  rows(user: UserUuid, count: number): Promise<void>;
}

export interface LongLog {
  readonly count: number;
  readonly beginMs: number;
  readonly stepMs: number;
  readonly text: (seq: number) => string;
}

/** Does the work and closes the tables again. */
export const writeHistory = async (data: string, work: (historian: Historian) => Promise<void>): Promise<void> => {
  const config = readConfig({ PARLEY_DATA: data });
  const tables = await openTables(config);
  const patterns = createPatterns(tables.main, () => undefined, now);
  const keyring = createKeyring({ table: tables.keys, wrapper: await keyWrapper(config), now, randomBytes });
  const sealer = createSealer({ keyring, now });
  const bus = createLocalBus();
  const cache = createLocalCache(now, Math.random);
  const { messenger } = createMessenger({ patterns, sealer, cache, bus, now, randomBytes });
  const inBatches = async (count: number, write: (n: number) => Promise<unknown>): Promise<void> => {
    for (let first = 1; first <= count; first += atOnce) {
      const size = Math.min(atOnce, count - first + 1);
      await Promise.all(Array.from({ length: size }, (_, place) => write(first + place)));
    }
  };
  const handleOf = (text: string) => {
    const made = toHandle(text);
    if (made === undefined) throw new Error(`${text} is no handle`);
    return made;
  };
  await work({
    person: async (handle, name) => {
      const uuid = randomUUID() as UserUuid;
      await messenger.provision(uuid, { handle: handleOf(handle), display_name: name });
      return uuid;
    },
    conversation: async (one, otherHandle, other, { count, beginMs, stepMs, text }) => {
      const { conversation } = await messenger.open({ user: one }, { handles: [handleOf(otherHandle)] });
      const authorOf = (seq: number): UserUuid => (seq % 2 === 0 ? one : other);
      const profiles = new Map([one, other].map((user) => [user, patterns.getProfile(user)]));
      await inBatches(count, async (seq) => {
        const author = authorOf(seq);
        const profile = await profiles.get(author);
        const at = beginMs + seq * stepMs;
        await patterns.appendEntry({
          type: 'message',
          kind: 'text',
          message_group_uuid: conversation.uuid,
          seq,
          uuid: uuidV7(at, randomBytes(uuidV7RandomBytes)),
          user_uuid: author,
          display_name: profile?.display_name ?? '',
          handle: profile?.handle ?? '',
          message: await sealer.seal(placeOf(conversation.uuid, seq, author), text(seq)),
          created_at: new Date(at).toISOString(),
        });
      });
      return conversation.uuid;
    },
    rows: (user, count) =>
      inBatches(count, (n) =>
        patterns.createInboxRow({
          type: 'inbox_row',
          user_uuid: user,
          message_group_uuid: randomUUID(),
          kind: 'direct',
          inbox: keys.inboxPartition(user, 'inbox'),
          other_user_uuid: randomUUID(),
          other_user_display_name: `Person ${n}`,
          other_user_handle: `person_${n}`,
          last_message_at: new Date(Date.UTC(2025, 0, 1) + n * 60_000).toISOString(),
          last_seq: 1,
          last_rev: 0,
          read_seq: n % 3 === 0 ? 0 : 1,
          muted: false,
        }),
      ),
  });
  messenger.close();
  await bus.close();
  await tables.main.close();
  await tables.keys.close();
};
