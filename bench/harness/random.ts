/** Seeded chance, so that every subject is given the same people, texts and choices. */

/** Mulberry32: a small generator of numbers in [0, 1), the same sequence for the same seed. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** 32 bits of chance in hex. By words, not by digits: a name is made for each send that is timed. */
const word = (random: () => number): string =>
  Math.floor(random() * 0x1_0000_0000)
    .toString(16)
    .padStart(8, '0');

/** What follows a uuid's version: its 74 bits of chance. */
const afterVersion = (random: () => number): string => {
  const a = word(random);
  const b = word(random);
  const c = word(random);
  const variant = '89ab'[Math.floor(random() * 4)] ?? '8';
  return `${a.slice(0, 3)}-${variant}${a.slice(3, 6)}-${b}${c.slice(0, 4)}`;
};

/** A uuid of version 4 made of seeded chance; for people and conversations, never for secrets. */
export const seededUuid = (random: () => number): string => {
  const time = word(random) + word(random);
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-4${afterVersion(random)}`;
};

/** A UUIDv7 of now and of seeded chance, as a client of ours names a message. */
export const messageUuidAt = (ms: number, random: () => number): string => {
  const time = Math.floor(ms).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${afterVersion(random)}`;
};
