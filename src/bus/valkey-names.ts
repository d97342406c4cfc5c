/** Everything that is Parley's in a Valkey server: one prefix of keys, two channels. */

export const cachePrefix = 'parley:cache:';
/** Of the bus. One channel for all: every node hears every event, and hands on what its own streams want. */
export const eventsChannel = 'parley:events';
/** Of the cache: the keys that a node invalidated. */
export const invalidatedChannel = 'parley:invalidated';
