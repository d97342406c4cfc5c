/**
 * The rival at its strongest: messages and inbox rows in PostgreSQL, a send as one statement in one round trip.
 *
 * `messages` has one index, on (conversation, uuid): UUIDv7 sorts by time, so the same index serves pages, order and the
 * refusal of a uuid sent twice; a second one on `created_at` would only slow sends down. `message_groups` has the two that its
 * two questions need. Rows leave room in their pages because every send updates two of them.
 */
import pg from 'pg';
import { messageUuidAt } from '../../harness/random.ts';
import { peopleOf, type World } from '../../harness/world.ts';

const schema = `
  CREATE TABLE messages (
    message_group_uuid uuid NOT NULL, uuid uuid NOT NULL, user_uuid uuid NOT NULL,
    display_name text NOT NULL, handle text NOT NULL, message text NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message_group_uuid, uuid));
  CREATE TABLE message_groups (
    uuid uuid NOT NULL, user_uuid uuid NOT NULL, other_user_uuid uuid NOT NULL,
    other_user_display_name text NOT NULL, other_user_handle text NOT NULL,
    last_message text NOT NULL, last_message_at timestamptz(3) NOT NULL,
    last_seq bigint NOT NULL, read_seq bigint NOT NULL,
    PRIMARY KEY (uuid, user_uuid)) WITH (fillfactor = 70);
  CREATE INDEX message_groups_inbox ON message_groups (user_uuid, last_message_at DESC) WITH (fillfactor = 70);`;

/** Insert and both rows' update in one statement; nothing happens, and no row is returned, unless the sender takes part. */
const sendStatement = {
  name: 'send',
  text: `
    WITH added AS (
      INSERT INTO messages (message_group_uuid, uuid, user_uuid, display_name, handle, message)
      SELECT $1, $2, $3, $4, $5, $6
      WHERE EXISTS (SELECT 1 FROM message_groups WHERE uuid = $1 AND user_uuid = $3)
      RETURNING created_at)
    UPDATE message_groups g
    SET last_message = left($6, 120), last_message_at = added.created_at, last_seq = g.last_seq + 1,
        read_seq = CASE WHEN g.user_uuid = $3 THEN g.last_seq + 1 ELSE g.read_seq END
    FROM added WHERE g.uuid = $1
    RETURNING added.created_at, g.last_seq`,
};

const pageStatement = {
  name: 'page',
  text: `
    SELECT uuid, user_uuid, display_name, handle, message, created_at FROM messages
    WHERE message_group_uuid = $1
      AND EXISTS (SELECT 1 FROM message_groups WHERE uuid = $1 AND user_uuid = $2)
    ORDER BY uuid DESC LIMIT $3`,
};

const inboxStatement = {
  name: 'inbox',
  text: `
    SELECT uuid, other_user_uuid, other_user_display_name, other_user_handle, last_message, last_message_at,
           last_seq, read_seq, last_seq - read_seq AS unread
    FROM message_groups WHERE user_uuid = $1 ORDER BY last_message_at DESC LIMIT $2`,
};

export interface SentRow {
  readonly created_at: Date;
  readonly last_seq: string;
}

export interface Author {
  readonly uuid: string;
  readonly handle: string;
  readonly display_name: string;
}

interface MessageRow {
  readonly uuid: string;
  readonly user_uuid: string;
  readonly display_name: string;
  readonly handle: string;
  readonly message: string;
  readonly created_at: Date;
}

interface InboxRow {
  readonly uuid: string;
  readonly other_user_uuid: string;
  readonly other_user_display_name: string;
  readonly other_user_handle: string;
  readonly last_message: string;
  readonly last_message_at: Date;
  readonly last_seq: string;
  readonly read_seq: string;
  readonly unread: string;
}

/** The statements: prepared once a connection, one round trip each. */
export const makeMessages = (database: Pick<Connections, 'query'>) => ({
  /** `undefined` when the author takes no part in the conversation. */
  async send(conversation: string, author: Author, uuid: string, message: string): Promise<SentRow | undefined> {
    const values = [conversation, uuid, author.uuid, author.display_name, author.handle, message];
    return (await database.query<SentRow>({ ...sendStatement, values })).rows[0];
  },
  async page(conversation: string, user: string, limit: number) {
    return (await database.query<MessageRow>({ ...pageStatement, values: [conversation, user, limit] })).rows;
  },
  async inbox(user: string, limit: number) {
    return (await database.query<InboxRow>({ ...inboxStatement, values: [user, limit] })).rows;
  },
});

/**
 * Connections, each carrying many statements at once (`pipeline`). Measured at 32 in flight on two cores: 12 of these send a
 * sixth faster than the usual pool of 32 and list a fifth faster; fewer share too few commits, more cost the server memory.
 */
export const connections = 12;

/** Opens them, and spreads statements over them in turn. */
export const connect = async (connection: pg.ClientConfig) => {
  const clients = await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = new pg.Client({ ...connection, pipeline: true });
      await client.connect();
      return client;
    }),
  );
  let turn = 0;
  return {
    query: <Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>> => {
      turn = (turn + 1) % connections;
      const client = clients[turn];
      return client === undefined ? Promise.reject(new Error('no connection')) : client.query<Row>(config);
    },
    close: async (): Promise<void> => {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
};

export type Connections = Awaited<ReturnType<typeof connect>>;

/** Loads the world and tells the planner about it. Each message a second after the last, ending now. */
export const loadWorld = async (connection: pg.ClientConfig, world: World, random: () => number): Promise<void> => {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(schema);
  const start = Date.now() - world.messagesEach * 1_000;
  for (const pair of world.pairs) {
    const [a, b] = peopleOf(world, pair);
    const rows = Array.from({ length: world.messagesEach }, (_, n) => {
      const author = n % 2 === 0 ? a : b;
      const at = start + n * 1_000;
      return { uuid: messageUuidAt(at, random), author, text: world.text(n + pair.a), at: new Date(at).toISOString() };
    });
    await client.query(
      `INSERT INTO messages SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])`,
      [
        pair.uuid,
        rows.map((row) => row.uuid),
        rows.map((row) => row.author.uuid),
        rows.map((row) => row.author.display_name),
        rows.map((row) => row.author.handle),
        rows.map((row) => row.text),
        rows.map((row) => row.at),
      ],
    );
    const last = rows.at(-1);
    for (const [me, other] of [
      [a, b],
      [b, a],
    ] as const) {
      await client.query('INSERT INTO message_groups VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)', [
        pair.uuid,
        me.uuid,
        other.uuid,
        other.display_name,
        other.handle,
        last?.text.slice(0, 120),
        last?.at,
        rows.length,
      ]);
    }
  }
  await client.query('VACUUM ANALYZE');
  await client.end();
};
