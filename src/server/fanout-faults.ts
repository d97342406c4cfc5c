/** What the fan-out of this process fails at, in the log and in number: faults that pass quietly, records that it gives up loudly. */
import type { FastifyBaseLogger } from 'fastify';
import { RecordSetAside } from '#messenger/set-aside';
import { traceOf } from './problem-replies.ts';

export interface FanoutFaults {
  failed(error: unknown): void;
  /** Records set aside so far. */
  setAside(): number;
}

export const createFanoutFaults = (log: Pick<FastifyBaseLogger, 'warn' | 'error'>): FanoutFaults => {
  let count = 0;
  return {
    failed: (error) => {
      if (!(error instanceof RecordSetAside)) {
        log.warn(traceOf(error), 'the fan-out failed; it tries again');
        return;
      }
      count += 1;
      const { shard, position, cause } = error;
      log.error({ shard, position, ...traceOf(cause) }, 'the fan-out set a record aside: inbox rows may be old');
    },
    setAside: () => count,
  };
};
