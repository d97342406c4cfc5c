/**
 * What Valkey has to allow, in the words of its access control list, and nothing else: these keys, these channels, these
 * commands. The infrastructure gives its users these rights, and the tests' server does the same.
 */
import { eventsChannel } from '#bus/valkey';
import { cachePrefix, invalidatedChannel } from '#cache/valkey-marks';

/** `info` is how the client library sees that a server has loaded what it keeps. */
const connecting = '+ping +info';

/** A node: reads, marks and fills the cache, speaks and listens. */
export const nodeRights = `on ~${cachePrefix}* &${eventsChannel} &${invalidatedChannel} -@all +get +pttl +set +eval +publish +subscribe +unsubscribe ${connecting}`;

/** The fan-out's function: speaks of what it did to the rows, and hears and reads nothing. */
export const publisherRights = `on &${eventsChannel} -@all +publish ${connecting}`;

/** An operator's or life-cycle job: says what it changed, to the cache and on the bus, and hears and reads nothing. */
export const announcerRights = `on ~${cachePrefix}* &${eventsChannel} &${invalidatedChannel} -@all +set +publish ${connecting}`;
