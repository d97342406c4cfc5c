/** Pattern D: the inbox row of every participant follows the newest entry. */
import type { Item } from '#table/port';
import type { Command } from '../main.ts';
import { print, requests, table } from '../output.ts';
import { requireData, targetOf, withWorkbench } from '../target.ts';
import { conversationOf, personOf } from './people.ts';

export const command: Command = {
  help: `patterns/update-message-group [CONVERSATION] [prod] [--as HANDLE]

D: brings the inbox row of every participant up to the conversation's newest message, as the fan-out does from the
stream. The condition last_seq < n makes it safe to repeat: a row that is current refuses the update.
CONVERSATION is a uuid; unless named, it is the newest that ana has, or whom --as names.
  UPDATE message_groups SET other_user_*, last_message, last_message_at WHERE uuid = :g AND user_uuid = :u
Prints the requests it made, the rows as they stand, and the capacity consumed.`,
  options: { as: { type: 'string' } },
  run: async (positionals, values) => {
    const { config, rest } = targetOf(positionals, 1);
    requireData(config);
    await withWorkbench(config, async ({ messenger, fanout, patterns, uses }) => {
      const { user } = await personOf(messenger, values.as as string | undefined);
      const conversation = await conversationOf(messenger, user, rest[0]);
      const { participants } = await messenger.conversation({ user }, conversation);
      const { items } = await patterns.readTail(conversation, Number.MAX_SAFE_INTEGER, 1);
      const [newest] = items;
      uses.length = 0;
      if (newest !== undefined) {
        // The record that the stream gave when the entry was put.
        const after = newest as unknown as Item;
        await fanout([{ position: '0', kind: 'insert', key: after, before: undefined, after, at: 0 }]);
      }
      print(requests(uses));
      print('');
      const rows = await patterns.getInboxRows(
        participants.map(({ uuid }) => uuid),
        conversation,
      );
      print(
        table(
          rows.map((row) => ({ ...row })),
          ['user_uuid', 'other_user_handle', 'last_message_at', 'last_seq', 'read_seq'],
        ),
      );
    });
  },
};
