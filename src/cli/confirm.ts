/** Asks a person before something that cannot be undone. */
import { createInterface } from 'node:readline/promises';
import { UsageError } from './usage.ts';

/** True when the answer is yes; where nobody can answer, the command says how to do without. */
export const confirmed = async (command: string, question: string): Promise<boolean> => {
  if (!process.stdin.isTTY) throw new UsageError(`${command} asks first; where nobody can answer, say --yes`);
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question(`${question} Type yes: `);
  ask.close();
  return answer.trim() === 'yes';
};
