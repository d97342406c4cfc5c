/** The runs of docs/SCALE.md: ordinary days of three sizes, and three days that are not ordinary. */
import { ordinaryRun } from './answer.ts';
import { defaults, type Question } from './question.ts';
import { type Run, trafficAt, unitsAt, type Window } from './traffic.ts';
import { peakToMean } from './workload.ts';

export interface Scenario {
  /** For file names. */
  readonly id: string;
  readonly name: string;
  /** What happens, in sentences. */
  readonly story: string;
  readonly run: Run;
  /** What of the day is run event by event, and of how many of its partitions one is (see `tableRun`). */
  readonly window: Window;
  readonly sample: number;
}

const minute = 60;
const hour = 60 * minute;

/** Round the moment at which the busiest hour is reached. */
const roundThePeak: Window = { from: 50 * minute, to: 70 * minute };

const ordinary = (
  scenario: Pick<Scenario, 'id' | 'name' | 'story'> & Partial<Pick<Scenario, 'window' | 'sample'>>,
  question: Question,
): Scenario => ({
  window: roundThePeak,
  sample: 1,
  ...scenario,
  run: ordinaryRun(question),
});

/** Warm from a day like this one. */
const warmFrom = (question: Question): Run['peakBefore'] => unitsAt(question, trafficAt(question, peakToMean));

const million: Question = { ...defaults, users: 1_000_000 };
const hundredMillion: Question = { ...defaults, users: 100_000_000 };

/** Messages a second that a celebrity's followers write to them, each in a conversation of their own, for ten minutes. */
export const followersPerSecond = 900;

const celebrity = (question: Question): Run => ({
  question,
  seconds: hour,
  traffic: (second) => {
    const base = trafficAt(question, 1.5);
    const storm = second >= 10 * minute && second < 20 * minute;
    // All 100 people of the group write as fast as people can, all hour; the followers come after ten minutes.
    const group = 50;
    const followers = storm ? followersPerSecond : 0;
    return {
      ...base,
      sends: base.sends + group + followers,
      busiestConversation: group,
      busiestConversationSize: 100,
      busiestInbox: base.busiestInbox + followers,
    };
  },
  peakBefore: warmFrom(question),
});

/** How many times the peak hour's traffic the stroke of midnight has. */
export const midnightTimesPeak = 6;

const flashCrowd = (question: Question, peakBefore: Run['peakBefore']): Run => ({
  question,
  seconds: 2 * hour,
  traffic: (second) => {
    const sinceMidnight = second - 30 * minute;
    const times = sinceMidnight < 0 ? 1 : 1 + (midnightTimesPeak - 1) * Math.exp(-sinceMidnight / (15 * minute));
    return trafficAt(question, peakToMean * times);
  },
  peakBefore,
});

/** Until health checks and DNS have moved everybody to the other region. */
export const failoverSeconds = 120;
/** People open everything again when it is back: this many times the usual reads, for five minutes. */
export const returnReads = 8;

const regionLost = (question: Question, readsWarm: boolean): Run => {
  const warm = warmFrom(question);
  return {
    question,
    seconds: hour,
    traffic: (second) => {
      const usual = trafficAt(question, peakToMean);
      const since = second - 20 * minute;
      if (since < 0) return usual;
      if (since < failoverSeconds) {
        const none = trafficAt(question, 0);
        return { ...none, busiestConversationSize: usual.busiestConversationSize };
      }
      const back = since - failoverSeconds;
      // What was written meanwhile stands in the outboxes, and comes within a minute.
      const outbox = back < minute ? (usual.sends * failoverSeconds) / minute : 0;
      const reads = back < 5 * minute ? returnReads : 1;
      return { ...usual, sends: usual.sends + outbox, pages: usual.pages * reads, inboxes: usual.inboxes * reads };
    },
    // Replication has written all there, so its writes are warm; nobody has read there.
    peakBefore: { ...warm, reads: readsWarm ? warm.reads * returnReads : 0 },
  };
};

/** In the order of docs/SCALE.md. */
export const scenarios = (): readonly Scenario[] => [
  ordinary(
    { id: '10k', name: '10,000 users a day', story: 'An ordinary day, from the mean hour to the busiest.' },
    { ...defaults, users: 10_000 },
  ),
  ordinary({ id: '1m', name: '1 million users a day', story: 'The same.' }, million),
  ordinary(
    {
      id: '1m-new',
      name: '1 million, a table made today',
      story: 'The same on a table that has no peak of yesterday to be warm from.',
      // Where it is tightest: until half an hour has passed it serves what a new table does.
      window: { from: 20 * minute, to: 40 * minute },
    },
    { ...million, newTable: true },
  ),
  ordinary(
    {
      id: '100m-default',
      name: '100 million users a day, quotas as they come',
      story: 'The account has the default quotas.',
      window: { from: 50 * minute, to: 60 * minute },
      sample: 100,
    },
    hundredMillion,
  ),
  ordinary(
    {
      id: '100m-raised',
      name: '100 million, quotas raised',
      story: 'The quota of units is raised to 1,000,000 a second; Lambda’s is not.',
      window: { from: 55 * minute, to: 65 * minute },
      sample: 100,
    },
    { ...hundredMillion, unitsQuota: 1_000_000 },
  ),
  {
    id: 'celebrity',
    name: "A celebrity's group and inbox",
    story: `1 million users. A full group of 100 writes 50 messages a second all hour; after ten minutes ${followersPerSecond} followers a second write to the celebrity, for ten minutes.`,
    run: celebrity({ ...million, refusedRows: 'in-place' }),
    window: { from: 5 * minute, to: 40 * minute },
    sample: 1,
  },
  {
    id: 'celebrity-set-aside',
    name: 'The same, refused rows set aside',
    story: 'As before, but a row that DynamoDB refuses is set aside and tried apart, and its batch goes on.',
    run: celebrity({ ...million, refusedRows: 'set-aside' }),
    window: { from: 5 * minute, to: 40 * minute },
    sample: 1,
  },
  {
    id: 'flash-crowd',
    name: 'A flash crowd',
    story: `1 million users. At midnight ${midnightTimesPeak} times the busiest hour’s traffic, at once; it halves every ten minutes.`,
    run: flashCrowd(million, warmFrom(million)),
    window: { from: 28 * minute, to: 40 * minute },
    sample: 1,
  },
  {
    id: 'flash-crowd-warmed',
    name: 'The same, warmed before',
    story: 'As before, with warm throughput set for it the day before.',
    run: flashCrowd(million, unitsAt(million, trafficAt(million, peakToMean * midnightTimesPeak))),
    window: { from: 28 * minute, to: 40 * minute },
    sample: 1,
  },
  {
    id: 'region-lost',
    name: 'A region lost',
    story: `10 million users, quotas raised. The region goes; ${failoverSeconds} s later everybody is in the other one, whose replica has taken all writes and no reads. Everybody’s outbox is sent and everybody opens everything again.`,
    run: regionLost({ ...defaults, users: 10_000_000, unitsQuota: 1_000_000 }, false),
    window: { from: 18 * minute, to: 35 * minute },
    sample: 10,
  },
  {
    id: 'region-lost-warmed',
    name: 'The same, reads warmed before',
    story: 'As before, with the replica’s warm throughput for reads set to the storm.',
    run: regionLost({ ...defaults, users: 10_000_000, unitsQuota: 1_000_000 }, true),
    window: { from: 18 * minute, to: 35 * minute },
    sample: 10,
  },
];
