/** How many streams may be open: each holds a socket and its place for as long as its reader likes. */
import { ParleyError } from '#domain/errors';

/** A person's tabs and devices. */
export const streamsPerUserMax = 16;
/** Streams of one process, of every kind: about 15 KB each when idle. */
export const streamsMax = 20_000;

/** Throws where one stream more, of a user who has `ofUser` of its kind, would be too many. */
export const mustHaveRoom = (ofUser: number, ofAll: number): void => {
  if (ofUser >= streamsPerUserMax)
    throw new ParleyError('rate_limited', `A user may have ${streamsPerUserMax} live streams at a time.`);
  if (ofAll >= streamsMax) throw new ParleyError('overloaded', 'No more live streams are taken just now.');
};
