/** How many exports run at once: they are long, and whoever begins one after the other would fill the server. */
import { ParleyError } from '#domain/errors';

/** Exports of one user at a time: each holds a page of theirs for as long as it is read, and counts as a request in flight. */
export const exportsPerUserMax = 4;

/** Lets a user begin an export, or refuses; what it returns is called when that one has ended. */
export const createExportGate = () => {
  const under = new Map<string, number>();
  return (user: string): (() => void) => {
    const before = under.get(user) ?? 0;
    if (before >= exportsPerUserMax)
      throw new ParleyError('rate_limited', `A user may have ${exportsPerUserMax} exports at a time.`);
    under.set(user, before + 1);
    return () => {
      const left = (under.get(user) ?? 1) - 1;
      if (left > 0) under.set(user, left);
      else under.delete(user);
    };
  };
};
