/** The runs of docs/SCALE.md: ordinary days of three sizes, and three days that are not ordinary. */
import { ordinaryRun, trafficAt, unitsAt } from './answer.ts';
import { defaults, type Question } from './question.ts';
import { seeded } from './random.ts';
import type { Run } from './simulate.ts';
import { peakToMean } from './workload.ts';

export interface Scenario {
  /** For file names. */
  readonly id: string;
  readonly name: string;
  /** What happens, in sentences. */
  readonly story: string;
  readonly run: Run;
}

const minute = 60;
const hour = 60 * minute;

const ordinary = (id: string, name: string, story: string, question: Question): Scenario => ({
  id,
  name,
  story,
  run: ordinaryRun(question, seeded(question.seed)),
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
  ordinary('10k', '10,000 users a day', 'An ordinary day, from the mean hour to the busiest.', {
    ...defaults,
    users: 10_000,
  }),
  ordinary('1m', '1 million users a day', 'The same.', million),
  ordinary(
    '1m-new',
    '1 million, a table made today',
    'The same on a table that has no peak of yesterday to be warm from.',
    {
      ...million,
      newTable: true,
    },
  ),
  ordinary(
    '100m-default',
    '100 million users a day, quotas as they come',
    'The account has the default quotas.',
    hundredMillion,
  ),
  ordinary(
    '100m-raised',
    '100 million, quotas raised',
    'The quota of units is raised to 1,000,000 a second; Lambda’s is not.',
    {
      ...hundredMillion,
      unitsQuota: 1_000_000,
    },
  ),
  {
    id: 'celebrity',
    name: "A celebrity's group and inbox",
    story: `1 million users. A full group of 100 writes 50 messages a second all hour; after ten minutes ${followersPerSecond} followers a second write to the celebrity, for ten minutes.`,
    run: celebrity({ ...million, refusedRows: 'in-place' }),
  },
  {
    id: 'celebrity-set-aside',
    name: 'The same, refused rows set aside',
    story: 'As before, but a row that DynamoDB refuses is set aside and tried apart, and its batch goes on.',
    run: celebrity({ ...million, refusedRows: 'set-aside' }),
  },
  {
    id: 'flash-crowd',
    name: 'A flash crowd',
    story: `1 million users. At midnight ${midnightTimesPeak} times the busiest hour’s traffic, at once; it halves every ten minutes.`,
    run: flashCrowd(million, warmFrom(million)),
  },
  {
    id: 'flash-crowd-warmed',
    name: 'The same, warmed before',
    story: 'As before, with warm throughput set for it the day before.',
    run: flashCrowd(million, unitsAt(million, trafficAt(million, peakToMean * midnightTimesPeak))),
  },
  {
    id: 'region-lost',
    name: 'A region lost',
    story: `10 million users, quotas raised. The region goes; ${failoverSeconds} s later everybody is in the other one, whose replica has taken all writes and no reads. Everybody’s outbox is sent and everybody opens everything again.`,
    run: regionLost({ ...defaults, users: 10_000_000, unitsQuota: 1_000_000 }, false),
  },
  {
    id: 'region-lost-warmed',
    name: 'The same, reads warmed before',
    story: 'As before, with the replica’s warm throughput for reads set to the storm.',
    run: regionLost({ ...defaults, users: 10_000_000, unitsQuota: 1_000_000 }, true),
  },
];
