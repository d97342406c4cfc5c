/** People and conversations, made through the service's own contract. */
import { createApi } from '#client/http';
import { platformRuntime } from '#client/runtime';
import type { Conversation, User } from '#protocol/shapes';

export interface Person {
  readonly user: User;
  readonly api: ReturnType<typeof createApi>;
}

const timeoutMs = 15_000;

/** Signs in, which creates the person. */
export const person = async (baseUrl: string, handle: string, displayName: string): Promise<Person> => {
  let token = '';
  const api = createApi({ ...platformRuntime(), baseUrl, token: async () => token, timeoutMs });
  const answer = await api.signIn({ handle, display_name: displayName });
  token = answer.access_token;
  return { user: answer.user, api };
};

export const openWith = (one: Person, ...others: readonly Person[]): Promise<Conversation> =>
  one.api.createConversation({ handles: others.map(({ user }) => user.handle) });

export const say = async (author: Person, conversation: Conversation, ...texts: readonly string[]): Promise<void> => {
  for (const message of texts) await author.api.sendMessage(conversation.uuid, { message });
};
