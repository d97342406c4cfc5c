/** Branded identifiers: a string becomes one only through its constructor here. All uuids are lower case. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** The token's subject (USER-1). */
export type UserUuid = Branded<'user'>;
/** What the table calls a message group. */
export type ConversationUuid = Branded<'conversation'>;
/** Names a message; a UUIDv7 minted by the client or by the server. */
export type MessageUuid = Branded<'message'>;
/** 3–30 of `a-z 0-9 _`. */
export type Handle = Branded<'handle'>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const uuidV7Pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const handlePattern = /^[a-z0-9_]{3,30}$/;

const lowerUuid = (text: string, pattern: RegExp): string | undefined => {
  const lower = text.toLowerCase();
  return pattern.test(lower) ? lower : undefined;
};

export const userUuid = (text: string): UserUuid | undefined => lowerUuid(text, uuidPattern) as UserUuid | undefined;

export const conversationUuid = (text: string): ConversationUuid | undefined =>
  lowerUuid(text, uuidPattern) as ConversationUuid | undefined;

/** Only version 7: its first 48 bits are the time that bounds the de-duplication window (LOG-5). */
export const messageUuid = (text: string): MessageUuid | undefined =>
  lowerUuid(text, uuidV7Pattern) as MessageUuid | undefined;

/** Handles compare without case: the constructor lowers it (USER-2). */
export const handle = (text: string): Handle | undefined => {
  const lower = text.toLowerCase();
  return handlePattern.test(lower) ? (lower as Handle) : undefined;
};
