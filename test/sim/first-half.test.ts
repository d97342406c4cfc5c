/** The first half of the simulation's thousand seeds. */
import { expect, test } from 'vitest';
import { faultsOf, halfMsMax } from './thousand.ts';

test('[LOG-1] [LOG-2] [LOG-4] [LOG-6] [LOG-8] [PAGE-2] [INBOX-2] [INBOX-3] [INBOX-5] [CONV-1] hold in the first half of a thousand seeded runs', {
  timeout: halfMsMax,
}, async () => {
  expect(await faultsOf('first')).toEqual([]);
});
