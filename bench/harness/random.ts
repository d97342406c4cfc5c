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

/** A uuid of the given version made of seeded chance; for people and conversations, never for secrets. */
export const seededUuid = (random: () => number, version = 4): string => {
  const digit = (): string => Math.floor(random() * 16).toString(16);
  const digits = (count: number): string => Array.from({ length: count }, digit).join('');
  const variant = (8 + Math.floor(random() * 4)).toString(16);
  return `${digits(8)}-${digits(4)}-${version}${digits(3)}-${variant}${digits(3)}-${digits(12)}`;
};

/** A UUIDv7 of now and of seeded chance, as a client of ours names a message. */
export const messageUuidAt = (ms: number, random: () => number): string => {
  const time = Math.floor(ms).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${seededUuid(random).slice(15)}`;
};
