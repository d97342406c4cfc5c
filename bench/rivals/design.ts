/**
 * A messaging design on DynamoDB, as the experiments see it: the same five questions asked of the course's design, of the
 * textbook's transactions and of ours, and the same faults done to each.
 */
import type { Person, World } from '../harness/world.ts';
import type { Meter } from './metered.ts';

export interface InboxLine {
  readonly conversation: string;
  readonly last: string;
}

/** What happens to a run of the consumer that keeps inboxes current. */
export interface FanOutFault {
  /** The process ends after this many writes. */
  readonly crashAfterWrites?: number;
  /** Records reach it newest first, as they may where several batches of a shard are handled at once. */
  readonly reversed?: boolean;
}

/** One node of a design; two nodes share a table. */
export interface DesignNode {
  open(me: Person, other: Person): Promise<string>;
  send(author: Person, conversation: string, text: string): Promise<void>;
  /** Texts, newest first, 20; `undefined` when the reader is refused. */
  page(reader: Person, conversation: string): Promise<readonly string[] | undefined>;
  /** Newest first, 20. */
  inbox(reader: Person): Promise<readonly InboxLine[]>;
  /** Requests and units of everything this node did. */
  readonly meter: Meter;
}

export interface Design {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Clocks are given: equal times are one of the faults. Milliseconds, with a fraction. */
  node(now: () => number): DesignNode;
  /**
   * Takes what the stream has, up to the batch of 100 that Lambda takes by default, and brings inboxes up to date; a batch that
   * failed comes again at the next call. Resolves with how many records there were; rejects with `Crash` when told to.
   */
  fanOut(fault?: FanOutFault): Promise<number>;
  /** Of the fan-out alone. */
  readonly fanOutMeter: Meter;
  /** Loads the world; the answer names each pair's conversation. Not seen by the fan-out. */
  load(world: World): Promise<readonly string[]>;
  /** Of the database server and what else runs outside this process. */
  readonly processes: readonly number[];
  close(): Promise<void>;
}

export type StartDesign = () => Promise<Design | { readonly skipped: string }>;
