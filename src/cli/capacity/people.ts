/**
 * Who writes to whom, message by message: people sit down to a conversation, write one message after another as the real ones did, and
 * get up. The busiest conversation and the busiest inbox have what `Traffic` says of them; everything else falls on conversations
 * and inboxes by the workload's laws, heavy tails included. Nothing is kept of a conversation but its number: who is in it, and
 * where its log and its rows lie, follows from that by hash.
 */
import type { Question } from './question.ts';
import type { Traffic } from './traffic.ts';
import {
  conversationsPerPerson,
  inboxExponent,
  messagesPerSecondPerPerson,
  messagesPerSittingAt,
  sittingGapSeconds,
  zipfExponent,
  zipfRanks,
  zipfSum,
} from './workload.ts';

/** Mixes the bits of two numbers below 2³² into one. */
const hash = (one: number, other: number): number => {
  let mixed = Math.imul((one ^ Math.imul(other + 1, 0x9e3779b9)) >>> 0, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x27d4eb2f);
  return (mixed ^ (mixed >>> 15)) >>> 0;
};
const unit = 2 ** -32;
/** Salts: a conversation and a user of the same number lie at different places. */
const [logs, users] = [101, 102] as const;
/** The newest of a log and of an inbox lie at the end of their key's range. */
const newest = 0.999_999;

/** Numbers of those that are followed on their own. */
export const busiestConversation = 1;
export const busiestUser = 1;

export interface People {
  /** The conversation of the next message. */
  readonly next: (traffic: Traffic) => number;
  /** How many are in a conversation, and each of them by place. */
  readonly size: (conversation: number) => number;
  readonly member: (conversation: number, place: number) => number;
  /** Whether a conversation is one of those with the busiest inbox. */
  readonly toBusiestInbox: (conversation: number) => boolean;
}

/** Positions in the table and in the index (see `partitions.ts`). */
export const logPosition = (conversation: number): number => hash(conversation, logs) + newest;
export const rowPosition = (user: number, conversation: number): number =>
  hash(user, users) + hash(conversation, user) * unit;
export const inboxPosition = (user: number): number => hash(user, users) + newest;

/** @param busiestSize people in the busiest conversation. */
export const createPeople = (
  question: Pick<Question, 'users' | 'groupSize'>,
  busiestSize: number,
  random: () => number,
): People => {
  const groupSize = Math.round(question.groupSize);
  const conversations = Math.max(2, Math.round((question.users * conversationsPerPerson) / groupSize));
  const conversationAt = zipfRanks(conversations, zipfExponent);
  const userAt = zipfRanks(question.users, inboxExponent);
  const shareOfFirst = 1 / zipfSum(conversations);
  /** People cannot write faster than they do: what would be too much for one conversation falls to others. */
  const draw = (sends: number): number => {
    for (;;) {
      const rank = conversationAt(random());
      const rate = sends * shareOfFirst * rank ** -zipfExponent;
      if (random() * rate < groupSize * messagesPerSecondPerPerson) return rank;
    }
  };

  /** Conversations that somebody sits at, and how many messages each has left. */
  const sitting: number[] = [];
  const left: number[] = [];
  let settled = false;
  /** Each writes once in so many seconds, so this many must be at it for the rate; who begins in a rush has all before them. */
  const seat = (sends: number): void => {
    const wanted = Math.max(1, Math.round(sends * sittingGapSeconds));
    while (sitting.length < wanted) {
      const length = messagesPerSittingAt(random());
      sitting.push(draw(sends));
      left.push(Math.max(1, Math.round(settled ? length : length * random())));
    }
    settled = true;
    while (sitting.length > wanted && (left.at(-1) ?? 0) <= 1) {
      sitting.pop();
      left.pop();
    }
  };
  const fromSitting = (sends: number): number => {
    seat(sends);
    const place = Math.floor(random() * sitting.length);
    const conversation = sitting[place] ?? 0;
    const more = (left[place] ?? 1) - 1;
    if (more > 0) left[place] = more;
    else {
      // The last takes the place of the one that is over.
      sitting[place] = sitting.at(-1) ?? 0;
      left[place] = left.at(-1) ?? 1;
      sitting.pop();
      left.pop();
    }
    return conversation;
  };

  return {
    next: (traffic) => {
      const { sends, busiestConversation: group, busiestInbox: fans } = traffic;
      const which = random() * sends;
      if (which < group) return busiestConversation;
      if (which < group + fans) return conversations + 1 + Math.floor(random() * (2 ** 32 - conversations - 1));
      return fromSitting(sends - group - fans);
    },
    size: (conversation) => (conversation === busiestConversation ? busiestSize : groupSize),
    member: (conversation, place) =>
      place === 0 && conversation > conversations ? busiestUser : userAt(hash(conversation, place) * unit),
    toBusiestInbox: (conversation) => conversation > conversations,
  };
};
