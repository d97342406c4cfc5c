/** `bin/capacity`: partitions, units, cost, throttling and inbox delay for one's own figures. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { answerTo, ordinaryRun } from './answer.ts';
import { growthChart } from './growth.ts';
import { defaults, type Question } from './question.ts';
import { seeded } from './random.ts';
import { answerLines } from './text.ts';

const help = `capacity: what Parley on DynamoDB needs and costs, by a model of what AWS documents

  bin/capacity --users 1e6 --messages-per-day 40 [--json] [--chart growth.svg]

  --users N                 people who use it on a day (${defaults.users})
  --messages-per-day N      messages each sends on a day (${defaults.messagesPerDay})
  --group-size N            people in a conversation on average (${defaults.groupSize})
  --pages-per-day N         pages of a conversation each opens (${defaults.pagesPerDay})
  --inboxes-per-day N       lists of conversations each opens (${defaults.inboxesPerDay})
  --uncached-share S        share of pages that no cache answers, 0-1 (${defaults.uncachedShare})
  --read-marks-per-day N    times each reads something new (${defaults.readMarksPerDay})
  --retention-days N        how long messages are kept (${defaults.retentionDays})
  --messages-per-batch N    messages of one conversation in one batch of the fan-out (${defaults.messagesPerBatch})
  --shard-parallelism N     batches of a shard at once, 1-10 (${defaults.shardParallelism})
  --units-quota N           the account's units a second for a table (${defaults.unitsQuota})
  --set-aside               rows that DynamoDB refuses do not hold up their batch
  --new-table               a table made today, not yet warm
  --seed N                  of the model's chance (${defaults.seed})
  --json                    all of the answer as JSON
  --chart FILE              how near each limit is as users grow, as SVG
`;

/** A positive number out of an option, `1e6` too; throws a sentence for people. */
const positive = (name: string, text: string | undefined, otherwise: number, max = 1e12): number => {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0 || value > max) {
    throw new RangeError(`--${name} must be a number above 0 and at most ${max}, not "${text}"`);
  }
  return value;
};

/** The question that the arguments ask, or `undefined` for `--help`. Throws a sentence for people. */
export const parseQuestion = (args: readonly string[]) => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      users: text,
      'messages-per-day': text,
      'group-size': text,
      'pages-per-day': text,
      'inboxes-per-day': text,
      'uncached-share': text,
      'read-marks-per-day': text,
      'retention-days': text,
      'messages-per-batch': text,
      'shard-parallelism': text,
      'units-quota': text,
      seed: text,
      chart: text,
      'set-aside': flag,
      'new-table': flag,
      json: flag,
      help: { ...flag, short: 'h' },
    },
  });
  if (values.help) return undefined;
  const question: Question = {
    users: positive('users', values.users, defaults.users),
    messagesPerDay: positive('messages-per-day', values['messages-per-day'], defaults.messagesPerDay, 1e6),
    groupSize: positive('group-size', values['group-size'], defaults.groupSize, 100),
    pagesPerDay: positive('pages-per-day', values['pages-per-day'], defaults.pagesPerDay, 1e6),
    inboxesPerDay: positive('inboxes-per-day', values['inboxes-per-day'], defaults.inboxesPerDay, 1e6),
    uncachedShare: positive('uncached-share', values['uncached-share'], defaults.uncachedShare, 1),
    readMarksPerDay: positive('read-marks-per-day', values['read-marks-per-day'], defaults.readMarksPerDay, 1e6),
    retentionDays: positive('retention-days', values['retention-days'], defaults.retentionDays, 36_500),
    messagesPerBatch: positive('messages-per-batch', values['messages-per-batch'], defaults.messagesPerBatch, 100),
    shardParallelism: positive('shard-parallelism', values['shard-parallelism'], defaults.shardParallelism, 10),
    unitsQuota: positive('units-quota', values['units-quota'], defaults.unitsQuota),
    refusedRows: values['set-aside'] ? 'set-aside' : 'in-place',
    newTable: values['new-table'],
    seed: positive('seed', values.seed, defaults.seed, 2 ** 32),
  };
  if (question.groupSize < 2) throw new RangeError('--group-size must be at least 2');
  return { question, json: values.json, chart: values.chart };
};

/** Runs the command; resolves with the exit code. Complaints go elsewhere than answers, which may be on their way to a file. */
export const main = async (
  args: readonly string[],
  write: (text: string) => void,
  complain: (text: string) => void = write,
): Promise<number> => {
  let asked: ReturnType<typeof parseQuestion>;
  try {
    asked = parseQuestion(args);
  } catch (error) {
    complain(`capacity: ${error instanceof Error ? error.message : String(error)}\nbin/capacity --help shows how\n`);
    return 2;
  }
  if (asked === undefined) {
    write(help);
    return 0;
  }
  const { question } = asked;
  const answer = answerTo(question, ordinaryRun(question, seeded(question.seed)));
  if (asked.chart !== undefined) {
    const chart = await growthChart(question);
    try {
      writeFileSync(asked.chart, chart);
    } catch (error) {
      complain(`capacity: the chart cannot be written: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  }
  if (asked.json) write(`${JSON.stringify(answer, undefined, 2)}\n`);
  else
    write(
      `${answerLines(answer)
        .map(([name, value]) => `${name.padEnd(22)}${value}`)
        .join('\n')}\n`,
    );
  return 0;
};
