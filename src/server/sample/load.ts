/** Sample people and conversations for a first start: enough to look around in, made by the same use cases as everything else. */
import { createHash } from 'node:crypto';
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import { uuidFromSha1 } from '#domain/uuid';
import type { Messenger } from '#messenger/messenger';
import { roofGarden } from './roof-garden.ts';

export interface SamplePerson {
  readonly uuid: UserUuid;
  readonly handle: Handle;
  readonly display_name: string;
}

const person = (handle: string, display_name: string): SamplePerson => ({
  uuid: uuidFromSha1(createHash('sha1').update(`parley sample ${handle}`).digest()) as UserUuid,
  handle: handle as Handle,
  display_name,
});

const ana = person('ana', 'Ana Keller');
const ben = person('ben', 'Ben Okafor');
const chiara = person('chiara', 'Chiara Russo');
const emre = person('emre', 'Emre Yilmaz');

/** Who can be picked to sign in with on a first start. */
export const samplePeople: readonly SamplePerson[] = [ana, ben, chiara, emre];

const shorter: readonly {
  readonly people: readonly SamplePerson[];
  readonly texts: readonly [SamplePerson, string][];
}[] = [
  {
    people: [chiara, ana],
    texts: [
      [chiara, 'Ana, do you still have my drill?'],
      [ana, 'I do, and a guilty conscience. Tonight?'],
      [chiara, 'Tonight is fine. Keep the conscience.'],
    ],
  },
  {
    people: [emre, ben],
    texts: [
      [emre, 'My mother says the mint has reached the railing.'],
      [ben, 'Tell her I said: pots!'],
      [emre, 'She says pots are for people without faith.'],
    ],
  },
];

const rooftop: readonly [SamplePerson, string][] = [
  [ana, 'Welcome to the roof. Watering list: who takes which day?'],
  [ben, 'Monday and Thursday for me.'],
  [emre, 'Wednesday. And Saturday, if somebody shows me the tap.'],
  [chiara, 'I take the rest 💧'],
];

/**
 * Loads the samples, unless the first of the people is there already: then somebody has been here, and nothing is touched.
 * @returns true when they were loaded by this call.
 */
export const loadSample = async (messenger: Messenger): Promise<boolean> => {
  if ((await messenger.isServed(ana.uuid)) !== 'unknown') return false;
  for (const { uuid, handle, display_name } of [ben, chiara, emre, ana]) {
    await messenger.provision(uuid, { handle, display_name });
  }
  const open = async (by: SamplePerson, others: readonly SamplePerson[], title?: string): Promise<ConversationUuid> => {
    const handles = others.map((other) => other.handle);
    const wish = title === undefined ? { handles } : { handles, title };
    return (await messenger.open({ user: by.uuid }, wish)).conversation.uuid as ConversationUuid;
  };
  const say = async (conversation: ConversationUuid, texts: readonly (readonly [SamplePerson, string])[]) => {
    for (const [author, message] of texts) await messenger.send({ user: author.uuid }, conversation, { message });
  };
  for (const { people, texts } of shorter) {
    const [first, ...others] = people;
    if (first !== undefined) await say(await open(first, others), texts);
  }
  await say(await open(ana, [ben, chiara, emre], 'Roof garden'), rooftop);
  await say(
    await open(ana, [ben]),
    roofGarden.map(([who, text]) => [who === 'a' ? ana : ben, text] as const),
  );
  return true;
};
