/** The parts of `npm run bench:all`: each measures one comparison and says on what machine and when. */
import { type ComparedDesign, compareDesigns } from './designs-report.ts';
import { describeMachine, type Machine } from './harness/machine.ts';
import { type Plan, type SideBySide, sideBySide } from './harness/rounds.ts';
import { operationNames } from './harness/subject.ts';
import { measureSync, type SyncFloor } from './harness/sync-floor.ts';
import { standardWorld, type WorldSize } from './harness/world.ts';
import { measureSealing, type SealingComparison } from './sealing.ts';
import { measureXmpp, type XmppComparison } from './xmpp.ts';

export interface Section<T> {
  readonly machine: Machine;
  readonly value: T;
}

export interface Results {
  readonly library?: Section<SideBySide>;
  readonly http?: Section<SideBySide>;
  readonly dynamodb?: Section<SideBySide>;
  readonly designs?: Section<readonly ComparedDesign[]>;
  readonly sync?: Section<SyncFloor>;
  readonly sealing?: Section<SealingComparison>;
  readonly xmpp?: Section<XmppComparison>;
}

export const sectionNames = ['sync', 'library', 'http', 'sealing', 'designs', 'dynamodb', 'xmpp'] as const;
export type SectionName = (typeof sectionNames)[number];

export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly trials: number;
}

/** A local DynamoDB server answers hundreds of requests a second: a world it loads in reasonable time, with full pages. */
const smallWorld: WorldSize = { people: 24, conversationsEach: 22, messagesEach: 20 };

const inFlight = [1, 32] as const;

const planOf = (subjects: readonly string[], world: WorldSize, { rounds, seconds }: Effort): Plan => ({
  subjects,
  operations: operationNames,
  inFlight,
  rounds,
  seconds,
  world,
});

/** Runs one section; the answer has it under its name. */
export const runSection = async (
  name: SectionName,
  effort: Effort,
  say: (line: string) => void,
): Promise<Partial<Results>> => {
  const machine = describeMachine(new Date());
  const compare = (subjects: readonly string[], world: WorldSize) => sideBySide(planOf(subjects, world, effort), say);
  switch (name) {
    case 'sync':
      return { sync: { machine, value: measureSync(effort.seconds) } };
    case 'library':
      return { library: { machine, value: await compare(['parley', 'postgres', 'floor-lmdb'], standardWorld) } };
    case 'http':
      return { http: { machine, value: await compare(['parley-http', 'postgres-http', 'floor-http'], standardWorld) } };
    case 'sealing':
      return { sealing: { machine, value: await measureSealing(effort.rounds, say) } };
    case 'dynamodb':
      return {
        dynamodb: { machine, value: await compare(['parley-dynamodb', 'course', 'transactional'], smallWorld) },
      };
    case 'designs':
      return { designs: { machine, value: await compareDesigns(effort.trials, say) } };
    case 'xmpp':
      return { xmpp: { machine, value: await measureXmpp(effort.seconds, effort.rounds, say) } };
  }
};
