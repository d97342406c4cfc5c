/** The requests that are simulated, each with what must come of it; also rows of `docs/CONTROLS.md` refer to them by name. */
import { administrators } from './requests/administrators.ts';
import { cacheSignIns } from './requests/cache.ts';
import type { Expectation } from './requests/expectation.ts';
import { keys } from './requests/keys.ts';
import { people } from './requests/people.ts';
import { processes } from './requests/processes.ts';
import { strangers } from './requests/strangers.ts';

export const requests: readonly Expectation[] = [
  ...processes,
  ...keys,
  ...cacheSignIns,
  ...people,
  ...administrators,
  ...strangers,
];
