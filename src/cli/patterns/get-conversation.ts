/** Pattern A: one conversation, newest first. */
import type { MessageView } from '#messenger/views';
import type { Command } from '../main.ts';
import { print, requests, table } from '../output.ts';
import { requireData, targetOf, withWorkbench } from '../target.ts';
import { countOf, rowsMax } from '../usage.ts';
import { conversationOf, personOf } from './people.ts';

/** What stands where a message has no text. */
const whyNot = ({ unreadable }: MessageView): string =>
  unreadable === undefined ? '(deleted)' : `(unreadable: ${unreadable})`;

export const command: Command = {
  help: `patterns/get-conversation [CONVERSATION] [prod] [--as HANDLE] [--limit N]

A: shows a conversation, newest first, as one of its participants sees it: ana, unless --as says who. CONVERSATION is a
uuid; unless named, it is their newest. --limit is 20 unless told.
  SELECT uuid, display_name, handle, message, created_at FROM messages
  WHERE message_group_uuid = :g ORDER BY created_at DESC
Prints the requests it made, the rows, and the capacity consumed.`,
  options: { as: { type: 'string' }, limit: { type: 'string', default: '20' } },
  run: async (positionals, values) => {
    const { config, rest } = targetOf(positionals, 1);
    const limit = countOf('limit', values.limit, rowsMax);
    requireData(config);
    await withWorkbench(config, async ({ messenger, uses }) => {
      const { user } = await personOf(messenger, values.as as string | undefined);
      const conversation = await conversationOf(messenger, user, rest[0]);
      // Entry 0 and names are in the cache by then: what is printed is what the pattern itself costs.
      await messenger.conversation({ user }, conversation);
      uses.length = 0;
      const { messages } = await messenger.history({ user }, conversation, { limit });
      print(requests(uses));
      print('');
      print(
        table(
          messages.map((view) => ({ ...view, message: view.message ?? whyNot(view) })),
          ['seq', 'created_at', 'handle', 'message', 'uuid'],
        ),
      );
    });
  },
};
