/** A messenger over the memory table, with its requests counted: what the tests of the use cases stand on. */
import { randomBytes } from 'node:crypto';
import { createLocalBus } from '#bus/local';
import type { BusEvent } from '#bus/port';
import { createLocalCache } from '#cache/local';
import { ParleyError } from '#domain/errors';
import { type ConversationUuid, type Handle, handle as toHandle, type UserUuid, userUuid } from '#domain/ids';
import { createMessenger } from '#messenger/create';
import type { Messenger } from '#messenger/messenger';
import { createPatterns, type PatternUse } from '#store/patterns';
import { createMemoryTable } from '#table/embedded/memory-table';
import type { ScannableTable, Table } from '#table/port';
import { mainSchema } from '#table/schema';
import { plainSealer } from '../sim/plain-sealer.ts';

export const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there should be a value here');
  return value;
};

export const user = (digit: number): UserUuid => must(userUuid(`0000000${digit}-0000-4000-8000-000000000000`));
export const named = (name: string): Handle => must(toHandle(name));

/** The code of the ParleyError that a promise rejects with; fails when it resolves or rejects with anything else. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ParleyError) return error.code;
    throw error;
  }
  throw new Error('it was not refused');
};

export interface Clock {
  ms: number;
}

/** One node over a table; several over one table are several nodes. */
export const createNode = (table: Table, clock: Clock, skewMs = 0) => {
  const uses: PatternUse[] = [];
  const events: BusEvent[] = [];
  const now = () => clock.ms + skewMs;
  const patterns = createPatterns(
    table,
    (use) => uses.push(use),
    () => 0,
  );
  const bus = createLocalBus();
  bus.subscribe((event) => events.push(event));
  const { messenger, fanout, importConversation } = createMessenger({
    patterns,
    sealer: plainSealer,
    cache: createLocalCache(now, () => 0.5),
    bus,
    now,
    randomBytes,
  });
  return { messenger, fanout, importConversation, patterns, uses, events, bus };
};

export interface Rig extends ReturnType<typeof createNode> {
  readonly table: ScannableTable;
  readonly clock: Clock;
  /** Applies what is new in the feed; resolves with how many records that were. */
  readonly catchUp: (limit?: number) => Promise<number>;
  /** Ana (1), Ben (2), Cleo (3) and Dan (4), signed up. */
  readonly ana: UserUuid;
  readonly ben: UserUuid;
  readonly cleo: UserUuid;
  readonly dan: UserUuid;
  readonly direct: ConversationUuid;
}

/** A fresh table with four people, and a direct conversation that Ana opened with Ben. */
export const createRig = async (): Promise<Rig> => {
  const clock = { ms: Date.UTC(2026, 0, 1) };
  const table = createMemoryTable({ schema: mainSchema, name: 'rig', now: () => clock.ms });
  const node = createNode(table, clock);
  const people = ['ana', 'ben', 'cleo', 'dan'].map((name, index) => ({ uuid: user(index + 1), handle: named(name) }));
  for (const { uuid, handle } of people) await node.messenger.provision(uuid, { handle });
  const { conversation } = await node.messenger.open({ user: user(1) }, { handles: [named('ben')] });
  let after: string | undefined;
  const catchUp = async (limit = 1_000): Promise<number> => {
    const page = await table.feed.read('embedded', after === undefined ? 'oldest' : { after }, limit);
    await node.fanout(page.records);
    after = page.position;
    return page.records.length;
  };
  await catchUp();
  node.uses.length = 0;
  return {
    ...node,
    table,
    clock,
    catchUp,
    ana: user(1),
    ben: user(2),
    cleo: user(3),
    dan: user(4),
    direct: conversation.uuid as ConversationUuid,
  };
};

/** Sends texts one after the other, a second apart. */
export const sendAll = async (
  rig: Rig,
  messenger: Messenger,
  by: UserUuid,
  conversation: ConversationUuid,
  texts: readonly string[],
) => {
  for (const message of texts) {
    rig.clock.ms += 1_000;
    await messenger.send({ user: by }, conversation, { message });
  }
};

export const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `message ${index + 1}`);
