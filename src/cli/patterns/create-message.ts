/** Pattern C: create a message. */
import type { Command } from '../main.ts';
import { print, requests, table } from '../output.ts';
import { requireData, targetOf, withWorkbench } from '../target.ts';
import { UsageError } from '../usage.ts';
import { conversationOf, personOf } from './people.ts';

export const command: Command = {
  help: `patterns/create-message TEXT [prod] [--as HANDLE] [--in CONVERSATION] [--uuid UUID]

C: creates a message: one conditional put at the next place of the conversation's log. With --uuid (a UUIDv7) it can be
repeated: the same uuid again finds the message first written. By ana, unless --as says who; in their newest conversation,
unless --in names one by its uuid.
  INSERT INTO messages (user_uuid, display_name, handle, message, created_at)
Prints the requests it made, the row, and the capacity consumed.`,
  options: { as: { type: 'string' }, in: { type: 'string' }, uuid: { type: 'string' } },
  run: async (positionals, values) => {
    const { config, rest } = targetOf(positionals, Number.POSITIVE_INFINITY);
    const [message] = rest;
    if (message === undefined || rest.length > 1) throw new UsageError('give the text as one argument, in quotes');
    requireData(config);
    await withWorkbench(config, async ({ messenger, uses, settle }) => {
      const { user } = await personOf(messenger, values.as as string | undefined);
      const conversation = await conversationOf(messenger, user, values.in as string | undefined);
      uses.length = 0;
      const uuid = values.uuid as string | undefined;
      const sent = await messenger.send({ user }, conversation, uuid === undefined ? { message } : { message, uuid });
      await settle();
      print(requests(uses.filter((use) => !use.pattern.endsWith('Checkpoint'))));
      print('');
      print(sent.replayed ? 'the uuid was sent before; this is the message first written' : 'written');
      print(table([{ ...sent.message }], ['seq', 'created_at', 'handle', 'message', 'uuid']));
    });
  },
};
