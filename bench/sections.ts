/** The parts of `npm run bench:all`: each measures one comparison and says on what machine and when. */
import { type ComparedDesign, compareDesigns } from './designs-report.ts';
import { type Growth, measureGrowth } from './growth.ts';
import { describeMachine, type Machine } from './harness/machine.ts';
import { type Plan, type SideBySide, sideBySide } from './harness/rounds.ts';
import { operationNames } from './harness/subject.ts';
import { measureSync, type SyncFloor } from './harness/sync-floor.ts';
import { standardWorld, type WorldSize } from './harness/world.ts';
import { type LiveFigures, liveSize, measureLive } from './live.ts';
import { type MemoryOverSends, measureMemory, millionSends } from './memory.ts';
import { measureProfiles, type Profile } from './profile/measure.ts';
import { measureSealing, type SealingComparison } from './sealing.ts';
import { measureXmpp, type XmppComparison } from './xmpp.ts';

export interface Section<T> {
  readonly machine: Machine;
  /** How long measuring it took; with the other parts that the same name measures. Absent in figures from before it was noted. */
  readonly seconds?: number;
  readonly value: T;
}

export interface Results {
  readonly library?: Section<SideBySide>;
  readonly http?: Section<SideBySide>;
  readonly dynamodb?: Section<SideBySide>;
  readonly designs?: Section<readonly ComparedDesign[]>;
  readonly sync?: Section<SyncFloor>;
  readonly sealing?: Section<SealingComparison>;
  readonly live?: Section<LiveFigures>;
  readonly xmpp?: Section<XmppComparison>;
  readonly growth?: Section<Growth>;
  readonly memory?: Section<MemoryOverSends>;
  readonly profile?: Section<readonly Profile[]>;
}

export const sectionNames = [
  'library',
  'http',
  'sealing',
  'live',
  'profile',
  'designs',
  'dynamodb',
  'xmpp',
  'growth',
  'memory',
] as const;
export type SectionName = (typeof sectionNames)[number];

export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly trials: number;
  /** Growth up to ten million messages, too: takes a quarter of an hour and 20 GB. */
  readonly large: boolean;
  /** A file of real conversations for the comparison with XMPP; made-up ones without it. */
  readonly conversations: string | undefined;
}

/** A local DynamoDB server answers hundreds of requests a second: a world it loads in reasonable time, with full pages. */
const smallWorld: WorldSize = { people: 21, conversationsEach: 20, messagesEach: 20 };

/** Designs differ by factors, and the server they stand on slows down as its stream grows: few rounds say as much as many. */
const designRoundsMax = 3;
const designSecondsMax = 2;

const inFlight = [1, 32] as const;

const planOf = (subjects: readonly string[], world: WorldSize, { rounds, seconds }: Effort): Plan => ({
  subjects,
  operations: operationNames,
  inFlight,
  rounds,
  seconds,
  world,
});

/** What a section's name measures. */
type Values = { readonly [Name in keyof Results]?: NonNullable<Results[Name]>['value'] };

const measure = async (name: SectionName, effort: Effort, say: (line: string) => void): Promise<Values> => {
  const compare = (subjects: readonly string[], world: WorldSize) => sideBySide(planOf(subjects, world, effort), say);
  switch (name) {
    case 'library':
      return {
        // The floor of the disk beside what stands on it.
        sync: measureSync(effort.seconds),
        library: await compare(['parley', 'postgres', 'floor-lmdb'], standardWorld),
      };
    case 'http':
      return { http: await compare(['parley-http', 'postgres-http', 'floor-http'], standardWorld) };
    case 'sealing':
      return { sealing: await measureSealing(effort.rounds, say) };
    case 'live':
      return { live: await measureLive(liveSize, say) };
    case 'profile':
      return { profile: await measureProfiles(effort.seconds, say) };
    case 'dynamodb':
      return {
        dynamodb: await sideBySide(
          planOf(['parley-dynamodb', 'course', 'transactional'], smallWorld, {
            ...effort,
            rounds: Math.min(effort.rounds, designRoundsMax),
            seconds: Math.min(effort.seconds, designSecondsMax),
          }),
          say,
        ),
      };
    case 'designs':
      return { designs: await compareDesigns(effort.trials, say) };
    case 'xmpp':
      return { xmpp: await measureXmpp(effort.seconds, effort.rounds, effort.conversations, say) };
    case 'growth':
      return { growth: await measureGrowth(effort, say) };
    case 'memory':
      return { memory: await measureMemory(millionSends, say) };
  }
};

/** Runs one section; the answer has what it measured, each with the machine. */
export const runSection = async (
  name: SectionName,
  effort: Effort,
  say: (line: string) => void,
): Promise<Partial<Results>> => {
  const machine = describeMachine(new Date());
  const begin = performance.now();
  const values = await measure(name, effort, say);
  const seconds = (performance.now() - begin) / 1_000;
  say(`${name} took ${Math.round(seconds)} s`);
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { machine, seconds, value }]));
};
