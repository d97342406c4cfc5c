/** Asks a person before something that cannot be undone. */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { UsageError } from './usage.ts';

/** True when the answer is yes; to leave without one (Ctrl-C, Ctrl-D) is a no. Where nobody can answer, it says how to do without. */
export const confirmed = async (command: string, question: string): Promise<boolean> => {
  if (!process.stdin.isTTY) throw new UsageError(`${command} asks first; where nobody can answer, say --yes`);
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const left = once(ask, 'close').then(() => undefined);
  // Depending on its version, Node rejects a question that was left, or never answers it.
  const answer = await Promise.race([ask.question(`${question} Type yes: `).catch(() => undefined), left]);
  if (answer === undefined) process.stderr.write('\n');
  ask.close();
  return answer?.trim() === 'yes';
};
