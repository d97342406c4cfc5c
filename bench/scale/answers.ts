/** Every scenario of the capacity model, answered: its whole day in flows, and its minutes that matter as events and as flows. */
import { type Answer, answerTo } from '#cli/capacity/answer';
import { seeded } from '#cli/capacity/random';
import { type Scenario, scenarios } from '#cli/capacity/scenarios';
import { type Outcome, simulate } from '#cli/capacity/simulate';
import { runTable } from '#cli/capacity/table-events';
import { tableRun } from '#cli/capacity/table-run';
import type { TableAnswer } from '#cli/capacity/table-tally';

export interface Answered {
  readonly scenario: Scenario;
  /** The whole day in flows, the window of it in flows, and the window event by event. */
  readonly answer: Answer;
  readonly flows: Outcome;
  readonly events: TableAnswer;
}

/** The seed of the events' chance. */
const seed = 5;

/** All of them; some minutes of work. */
export const answerScenarios = (): readonly Answered[] =>
  scenarios().map((scenario) => {
    const { run, window, sample } = scenario;
    return {
      scenario,
      answer: answerTo(run.question, run),
      flows: simulate(run, window),
      events: runTable(tableRun(run, window, sample, seeded(seed))),
    };
  });
