/**
 * Rate limits by token bucket (SEC-6): a bucket holds a burst and fills at the rate, so that a person who opens the app may
 * ask for much at once and a loop may not. (The framework's plugin counts in fixed windows, which cannot say both.)
 */
import { LRUCache } from 'lru-cache';

/** What is left after one request, in whole requests and seconds. */
export interface Allowance {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the bucket is full again, or, when refused, until one request is allowed. */
  readonly reset: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** A burst is this many seconds' worth of the rate. */
const burstSeconds = 10;
/** Buckets kept: about 15 MB. One that falls out was idle the longest, and is full again by then but under attack. */
const bucketsMax = 100_000;

/**
 * @param perSecond how many requests a second fill the bucket.
 * @param now milliseconds.
 */
export const createRateLimit = (perSecond: number, now: () => number): ((key: string) => Allowance) => {
  const limit = perSecond * burstSeconds;
  // Bounded by size: with a bound by number, room for all of them would be set aside at once.
  const buckets = new LRUCache<string, Bucket>({ maxSize: bucketsMax, sizeCalculation: () => 1 });
  return (key) => {
    const time = now();
    let bucket = buckets.get(key);
    if (bucket === undefined) {
      bucket = { tokens: limit, at: time };
      buckets.set(key, bucket);
    }
    const elapsed = Math.max(0, time - bucket.at) / 1_000;
    bucket.tokens = Math.min(limit, bucket.tokens + elapsed * perSecond);
    bucket.at = time;
    if (bucket.tokens < 1)
      return { allowed: false, limit, remaining: 0, reset: Math.ceil((1 - bucket.tokens) / perSecond) };
    bucket.tokens -= 1;
    const { tokens } = bucket;
    return { allowed: true, limit, remaining: Math.floor(tokens), reset: Math.ceil((limit - tokens) / perSecond) };
  };
};

const groupsOf = (part: string): string[] => part.split(':').filter((group) => group !== '');

/**
 * Whose an address is, as far as it tells. Of IPv6 everybody is given a network of 64 bits at least, and may ask from each of its
 * addresses; IPv4 may come as a part of IPv6, from a server that listens to both.
 */
export const subscriberOf = (address: string): string => {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [first = '', second = ''] = address.split('::');
  const [head, tail] = [groupsOf(first), groupsOf(second)];
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  const network = [...head, ...zeros, ...tail].slice(0, 4);
  return network.map((group) => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':');
};
