/** A confirmed sign-up of a user pool as a provisioned user (USER-1): what the event says, and what is made of it. */
import { type Handle, handle as toHandle, userUuid } from '#domain/ids';
import { displayNameCharactersMax } from '#domain/limits';
import { storableText } from '#domain/text';
import type { Messenger } from '#messenger/messenger';

/** What of Cognito's post-confirmation event is used; the event itself is the answer, unchanged. */
export interface SignUpEvent {
  readonly request: { readonly userAttributes: Readonly<Record<string, string | undefined>> };
}

/** How long the table may take: Cognito waits five seconds for a trigger, and calls it again after that. */
const deadlineMs = 4_000;
const handleCharacters = { min: 3, max: 30 };

/** Letters with their accents taken off, anything else that a handle cannot have as one underscore. */
const asHandle = (text: string | undefined): Handle | undefined => {
  const plain = (text ?? '').normalize('NFKD').replaceAll(/\p{Mark}/gu, '');
  const name = plain
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  return name.length < handleCharacters.min ? undefined : toHandle(name.slice(0, handleCharacters.max));
};

/** The name as given, where it can be shown; otherwise none, and the handle stands in for it. */
const asDisplayName = (text: string | undefined): string | undefined => {
  try {
    return text === undefined ? undefined : storableText('name', text.trim(), displayNameCharactersMax);
  } catch {
    return undefined;
  }
};

/** Provisions the user of the event; again, and nothing changes. Rejects when there is no user in it, or no table. */
export const provisionSignUp = async (
  provision: Messenger['provision'],
  { request }: SignUpEvent,
  now: () => number,
): Promise<void> => {
  const { sub = '', preferred_username, email, name } = request.userAttributes;
  const user = userUuid(sub);
  if (user === undefined) throw new Error('the event has no user with a uuid for its subject');
  const wishes = [preferred_username, email?.split('@')[0], `user_${user.slice(0, 8)}`].map(asHandle);
  const handle = wishes.find((wish) => wish !== undefined);
  if (handle === undefined) throw new Error('a uuid gives a handle');
  const display_name = asDisplayName(name);
  const wish = { handle, flexible: true, ...(display_name !== undefined && { display_name }) };
  await provision(user, wish, now() + deadlineMs);
};
