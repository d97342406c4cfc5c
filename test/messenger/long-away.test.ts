/** A fan-out that was away for longer than the feed keeps its records, while nobody wrote anything. */
import { expect, test } from 'vitest';
import type { ConversationUuid } from '#domain/ids';
import { startFeedRunner } from '#messenger/feed-runner';
import { createRig, must, named } from '../support/messenger-rig.ts';

const groups = 300;
const away = 25 * 3_600_000;

const time = {
  now: Date.now,
  wait: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 5))),
};

const behindAfterAway = async (): Promise<{ behind: number; failures: unknown[] }> => {
  const rig = await createRig();
  const opened: ConversationUuid[] = [];
  for (let n = 0; n < groups; n += 1) {
    const { conversation } = await rig.messenger.open(
      { user: rig.ana },
      { handles: [named('ben'), named('cleo')], title: `group ${n}` },
    );
    opened.push(conversation.uuid as ConversationUuid);
  }
  while ((await rig.catchUp()) > 0);
  // What came before is trimmed, as in the days that went by.
  rig.clock.ms += away;
  for (let n = 0; n < groups; n += 1) await rig.table.put({ item: { pk: 'days', sk: 'go by', n } });
  for (const uuid of opened) await rig.messenger.send({ user: rig.ana }, uuid, { message: 'before the weekend' });
  // The process ends here, before its fan-out came to any of it, and begins again after the weekend.
  rig.clock.ms += away;
  const failures: unknown[] = [];
  const runner = startFeedRunner(rig.table.feed, rig.patterns, rig.fanout, 'fanout', time, (error) =>
    failures.push(error),
  );
  await runner.settled();
  await runner.stop();
  let behind = 0;
  for (const uuid of opened) {
    const row = must(await rig.patterns.getInboxRow(rig.ben, uuid));
    if ((await rig.patterns.getEntry(uuid, row.last_seq + 1)) !== undefined) behind += 1;
  }
  return { behind, failures };
};

test('[INBOX-5] what was read of the feed is applied, also when the rows’ own writes trim it meanwhile', async () => {
  expect(await behindAfterAway()).toEqual({ behind: 0, failures: [] });
});
