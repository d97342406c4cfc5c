/** Who a pattern is run as, and in which conversation; where none is named, the sample's. */
import { type ConversationUuid, conversationUuid, handle as toHandle, type UserUuid } from '#domain/ids';
import type { Messenger } from '#messenger/messenger';
import { samplePeople } from '#server/sample/load';
import { UsageError } from '../usage.ts';

/** The user with a handle, or the first of the sample people. */
export const personOf = async (
  messenger: Messenger,
  name: string | undefined,
): Promise<{ user: UserUuid; handle: string }> => {
  const handle = toHandle(name?.replace(/^@/, '') ?? samplePeople[0]?.handle ?? '');
  const user = handle && (await messenger.findByHandle(handle));
  if (user === undefined)
    throw new UsageError(`there is no user ${name ?? handle}; bin/ddb/seed loads the sample people`);
  return { user: user.uuid as UserUuid, handle: user.handle };
};

/** The conversation named, or the person's newest. */
export const conversationOf = async (
  messenger: Messenger,
  user: UserUuid,
  name: string | undefined,
): Promise<ConversationUuid> => {
  const uuid = name === undefined ? undefined : conversationUuid(name);
  if (name !== undefined && uuid === undefined) throw new UsageError(`${name} is not the uuid of a conversation`);
  if (uuid !== undefined) return uuid;
  const { conversations } = await messenger.inbox({ user }, { folder: 'inbox', limit: 1 });
  const [newest] = conversations;
  if (newest === undefined) throw new UsageError('this user has no conversations');
  return newest.uuid as ConversationUuid;
};
