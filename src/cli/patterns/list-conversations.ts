/** Pattern B: my conversations, newest first. */
import type { Command } from '../main.ts';
import { print, requests, table } from '../output.ts';
import { requireData, targetOf, withWorkbench } from '../target.ts';
import { countOf, rowsMax } from '../usage.ts';
import { personOf } from './people.ts';

export const command: Command = {
  help: `patterns/list-conversations [HANDLE] [prod] [--limit N] [--archive]

B: lists a user's conversations, newest first, through the index: ana's, unless HANDLE says whose. --limit is 20 unless
told; --archive lists what they have put away.
  SELECT uuid, other_user_uuid, other_user_display_name, other_user_handle, last_message, last_message_at
  FROM message_groups WHERE user_uuid = :u ORDER BY last_message_at DESC
Prints the requests it made, the rows, and the capacity consumed.`,
  options: { limit: { type: 'string', default: '20' }, archive: { type: 'boolean', default: false } },
  run: async (positionals, values) => {
    const { config, rest } = targetOf(positionals, 1);
    const limit = countOf('limit', values.limit, rowsMax);
    requireData(config);
    await withWorkbench(config, async ({ messenger, uses }) => {
      const { user } = await personOf(messenger, rest[0]);
      uses.length = 0;
      const folder = values.archive === true ? 'archive' : 'inbox';
      const { conversations } = await messenger.inbox({ user }, { folder, limit });
      print(requests(uses));
      print('');
      const rows = conversations.map((row) => ({ ...row, with: row.title ?? row.other_user_display_name }));
      print(table(rows, ['with', 'last_message_at', 'unread', 'last_message', 'uuid']));
    });
  },
};
