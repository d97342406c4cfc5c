/** Every bound that users can meet, named, with why it is what it is. The HTTP contract states the same numbers. */

/** Characters (Unicode code points) of a message. */
export const messageCharactersMax = 4_096;
/** The course's own routes keep the course's bound. */
export const courseMessageCharactersMax = 1_024;
export const titleCharactersMax = 100;
export const displayNameCharactersMax = 100;
/** Characters of a message that an inbox row shows; a longer text is sealed a second time, cut to this. */
export const previewCharactersMax = 120;
/** Participants of a group at one time: one message is at most this many inbox updates. */
export const groupMembersMax = 100;
/** Joinings of a group in all its life, returns too: bounds entry 0, and each system entry, far below DynamoDB's 400 KB. */
export const groupJoiningsMax = 1_000;
/** Distinct people and emoji on one message: bounds the item at about 45 KB. */
export const reactionsMax = 1_000;
export const emojiCharactersMax = 16;
export const pageDefault = 20;
export const pageMax = 100;

const minute = 60_000;
/** How far a uuid's time may be ahead of the server's, and so how far below it the window reaches (LOG-5). */
export const clockSkewMsMax = 5 * minute;
/** How old a uuid's time may be (LOG-5). */
export const uuidAgeMsMax = 24 * 60 * minute;
/** Sends waiting in one conversation's queue on one node (LOG-7): at 2 ms each, a quarter of a second's wait. */
export const conversationQueueMax = 128;
/** The last seq that 12 digits can name. */
export const seqMax = 999_999_999_999;
