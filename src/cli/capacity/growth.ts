/** The chart of `bin/capacity`: how near each limit is as the number of users grows. */
import { answerTo, type Limit, ordinaryRun } from './answer.ts';
import { drawLines } from './chart.ts';
import type { Question } from './question.ts';
import { seeded } from './random.ts';

/** Three points to a power of ten, from a hundredth of the users asked about to a hundred times as many. */
export const growthSteps = (users: number): readonly number[] =>
  Array.from({ length: 13 }, (_, n) => Math.max(1, Math.round(users * 10 ** ((n - 6) / 3))));

/** For each step, every limit's share. */
export const growthOf = (
  question: Question,
): readonly { readonly users: number; readonly limits: readonly Limit[] }[] =>
  growthSteps(question.users).map((users) => {
    const scaled = { ...question, users };
    // The last hour's peak is what the shares are about: a short run at the peak finds the same.
    const run = ordinaryRun(scaled, seeded(question.seed));
    const short = { ...run, seconds: 120, traffic: (second: number) => run.traffic(second + 3_600) };
    return { users, limits: answerTo(scaled, short).limits };
  });

export const growthChart = (question: Question): Promise<string> => {
  const steps = growthOf(question);
  const names = steps.at(-1)?.limits.map((limit) => limit.name) ?? [];
  return drawLines({
    title: `Limits as users grow, ${question.messagesPerDay} messages a day each`,
    x: { name: 'daily users', log: true },
    y: { name: 'share of the limit used at the peak', log: true },
    across: { name: 'the limit', y: 1 },
    lines: names.map((name) => ({
      name,
      points: steps.map(({ users, limits }) => [
        users,
        Math.max(1e-6, limits.find((limit) => limit.name === name)?.share ?? 0),
      ]),
    })),
  });
};
