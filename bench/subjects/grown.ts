/** Parley as a library over a folder filled before (`bench/growth`): its long conversation, and the inbox of its busy person. */

import { openGrown } from '../growth/open.ts';
import { messageUuidAt } from '../harness/random.ts';
import { farPage, type StartSubject } from '../harness/subject.ts';

export const start: StartSubject = async ({ world, random, folder }) => {
  const grown = await openGrown(folder);
  const runner = grown.parley.startFanout();
  let sent = 0;
  return {
    versions: {},
    operations: {
      send: async () => {
        sent += 1;
        const request = { uuid: messageUuidAt(Date.now(), random), message: world.text(sent) };
        await grown.send(request);
      },
      page: () => grown.page(),
      [farPage]: () => grown.page(1 + Math.floor(random() * grown.messages)),
      inbox: grown.inbox,
    },
    settle: () => runner.settled(),
    processes: [],
    close: () => grown.parley.close(),
  };
};
