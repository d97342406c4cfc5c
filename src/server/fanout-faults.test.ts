import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { RecordSetAside } from '#messenger/set-aside';
import { createFanoutFaults } from './fanout-faults.ts';
import { createLogger } from './logging.ts';
import { createMetrics } from './metrics.ts';

const watch = () => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  return { faults: createFanoutFaults(createLogger('info', stream)), lines };
};

test('[INBOX-8] [SEC-7] a record set aside is a line of level error that says where it is, and nothing of what stands in it', () => {
  const { faults, lines } = watch();
  faults.failed(new RecordSetAside('shardId-1', '4711', new TypeError('said: meet me at noon')));
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'error',
    shard: 'shardId-1',
    position: '4711',
    error: 'TypeError',
  });
  expect(lines[0]).not.toContain('noon');
});

test('[INBOX-8] records set aside are counted in the measurements, and faults that pass are not', async () => {
  const { faults, lines } = watch();
  const none = () => 0;
  const metrics = createMetrics({
    streams: none,
    slowReaders: none,
    delivered: none,
    inFlight: none,
    setAside: faults.setAside,
  });
  faults.failed(new Error('throttled'));
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(['warn']);
  expect(await metrics.text()).toMatch(/^parley_fanout_set_aside_total 0$/m);
  faults.failed(new RecordSetAside('shardId-1', '4711', new TypeError('?')));
  expect(await metrics.text()).toMatch(/^parley_fanout_set_aside_total 1$/m);
});
