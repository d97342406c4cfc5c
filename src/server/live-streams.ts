/** Live events to a user's open streams (LIVE-1): one subscription for each user, one serialization for each event. */
import type { UserUuid } from '#domain/ids';
import type { Messenger } from '#messenger/messenger';
import type { LiveEvent } from '#messenger/views';
import { frameOf, type Stream, type Streams, type Wire } from './sse.ts';
import { mustHaveRoom } from './stream-bounds.ts';

export interface LiveStreams {
  /** Rejects a stream past the bounds, before anything is written. */
  open(user: UserUuid, expires: number, raw: Wire): void;
  /** Events written to streams so far. */
  delivered(): number;
}

interface Audience {
  readonly streams: Set<Stream>;
  leave(): void;
}

export const createLiveStreams = (messenger: Pick<Messenger, 'live'>, streams: Streams): LiveStreams => {
  const audiences = new Map<UserUuid, Audience>();
  let delivered = 0;
  /** The frame of an event's data: a message to a group is the same object for all its members. */
  const frames = new WeakMap<object, Buffer>();

  const frame = (event: LiveEvent): Buffer => {
    let made = frames.get(event.data);
    if (made === undefined) {
      made = frameOf(event.type, event.data);
      frames.set(event.data, made);
    }
    return made;
  };

  const tell = (audience: Set<Stream>, event: LiveEvent): void => {
    if (event.type === 'signed_out') {
      for (const stream of [...audience]) stream.end('signed_out');
      return;
    }
    const bytes = frame(event);
    for (const stream of [...audience]) stream.write(bytes);
    delivered += audience.size;
  };

  const join = (user: UserUuid): Audience => {
    const found = audiences.get(user);
    if (found !== undefined) return found;
    const own = new Set<Stream>();
    const audience: Audience = { streams: own, leave: messenger.live(user, (event) => tell(own, event)) };
    audiences.set(user, audience);
    return audience;
  };

  return {
    open: (user, expires, raw) => {
      mustHaveRoom(audiences.get(user)?.streams.size ?? 0, streams.count());
      const audience = join(user);
      const stream = streams.open(raw, expires, () => {
        audience.streams.delete(stream);
        if (audience.streams.size > 0 || audiences.get(user) !== audience) return;
        audiences.delete(user);
        audience.leave();
      });
      audience.streams.add(stream);
    },
    delivered: () => delivered,
  };
};
