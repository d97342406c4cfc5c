/** A change that the fan-out cannot read or apply, among others that it can. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ConversationUuid } from '#domain/ids';
import { startFeedRunner } from '#messenger/feed-runner';
import { RecordSetAside } from '#messenger/set-aside';
import { changeOf } from '#table/dynamodb/stream-record';
import type { ChangeFeed, ChangeRecord } from '#table/port';
import { createRig, must, named } from '../support/messenger-rig.ts';
import { streamRecord } from '../support/stream-records.ts';

/** A record as a stream has it, with an attribute of a type that the port has no value for. */
const unreadable = (record: ChangeRecord): ChangeRecord => {
  const { eventName, dynamodb } = streamRecord(record);
  const counts = { NS: ['1'] } as unknown as { readonly S: string };
  return changeOf({ eventName, dynamodb: { ...dynamodb, NewImage: { ...dynamodb.NewImage, counts } } });
};

/** A record whose item fits into no row. */
const tooLarge = ({ position, kind, key, before, after, at }: ChangeRecord): ChangeRecord => ({
  position,
  kind,
  key,
  before,
  after: { ...must(after), preview: 'x'.repeat(401 * 1_024) },
  at,
});

/** Time that passes as fast as it is waited for. */
const fastTime = () => {
  let now = 0;
  return {
    now: () => now,
    wait: async (ms: number) => {
      now += ms;
      await setImmediate();
    },
  };
};

test.each([
  ['read', unreadable],
  ['applied', tooLarge],
])(
  '[INBOX-8] an entry that cannot be %s is set aside: other inboxes are current, and the next message repairs its own',
  async (_, poisoned) => {
    const rig = await createRig();
    const { conversation } = await rig.messenger.open({ user: rig.ana }, { handles: [named('cleo')] });
    const withCleo = conversation.uuid as ConversationUuid;
    const send = (uuid: ConversationUuid, message: string) => rig.messenger.send({ user: rig.ana }, uuid, { message });
    await send(withCleo, 'never seen by the fan-out');
    await send(rig.direct, 'for Ben');
    const isPoison = ({ key }: ChangeRecord): boolean => key.pk === `MSG#${withCleo}` && key.sk === '000000000001';
    const feed: ChangeFeed = {
      ...rig.table.feed,
      onChange: () => () => undefined,
      read: async (...asked) => {
        const page = await rig.table.feed.read(...asked);
        return { ...page, records: page.records.map((record) => (isPoison(record) ? poisoned(record) : record)) };
      },
    };
    const failures: unknown[] = [];
    const runner = startFeedRunner(feed, rig.patterns, rig.fanout, 'fanout', fastTime(), (error) =>
      failures.push(error),
    );
    await runner.settled();
    const unread = async (user: typeof rig.ben) =>
      (await rig.messenger.inbox({ user }, { folder: 'inbox', limit: 20 })).conversations.map((row) => row.unread);
    expect(await unread(rig.ben)).toEqual([1]);
    expect(await unread(rig.cleo)).toEqual([]);
    expect(failures.filter((error) => error instanceof RecordSetAside)).toHaveLength(1);
    await send(withCleo, 'the next one');
    await runner.settled();
    await runner.stop();
    expect(await unread(rig.cleo)).toEqual([2]);
  },
);
