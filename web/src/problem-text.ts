/** What a failure is called in front of a person: what happened and, where there is something to do, what. */
import { type FailureCode, toApiError } from '#client/failure';

const sentences: Partial<Record<FailureCode, string>> = {
  network: 'No connection to the server.',
  timeout: 'The server took too long to answer.',
  unavailable: 'The server is not ready. Try again in a moment.',
  overloaded: 'The server is busy. Try again in a moment.',
  conversation_busy: 'Many people are writing here at once. Try again in a moment.',
  rate_limited: 'That was too fast. Try again in a moment.',
  unauthenticated: 'You are signed out.',
  not_found: 'There is no such person or conversation.',
  blocked: 'This person does not take messages from you.',
  forbidden: 'You are not allowed to do this.',
  not_author: 'Only the author can change a message.',
  handle_taken: 'This handle is taken.',
  group_full: 'This group is full.',
  not_a_group: 'This conversation has two people and stays so.',
  message_deleted: 'This message has been deleted.',
  too_many_reactions: 'This message has all the reactions it can hold.',
  clock_ahead: 'The clock of this device is wrong. Set it and try again.',
  uuid_expired: 'This message waited longer than a day.',
  uuid_reused: 'This message was sent before with another text.',
  internal: 'Something went wrong on the server.',
};

const whyUnreadable: Partial<Record<string, string>> = {
  tampered: 'Its stored text was changed.',
  malformed: 'Its stored text is damaged.',
  unknown_version: 'It was written by another version.',
  wrong_key: 'Its key is not the one it was written with.',
  key_gone: 'Its key no longer exists.',
};

/** Of a message whose stored text does not open (SEC-3), by the reason that came in its place. */
export const unreadableText = (reason: string | undefined): string =>
  `This message cannot be opened. ${whyUnreadable[reason ?? ''] ?? ''}`.trim();

export const codeText = (code: FailureCode): string => sentences[code] ?? 'That did not work.';

/** Of a call that was rejected; a wrong field's own explanation comes first. */
export function problemText(error: unknown): string {
  const failure = toApiError(error);
  const field = failure.fields[0];
  if (field !== undefined) return `${field.field}: ${field.message}`;
  return sentences[failure.code] ?? failure.message;
}
