/** Measurements for Prometheus: per route and per access pattern, how many, how long, how many units. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { PatternUse } from '#store/patterns';
import { createCounterReading, createCounterTally, createHistogramTally, createLabels } from './tally.ts';

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** One answered request: the route's pattern (never its address), and milliseconds. */
  request(method: string, route: string, status: number, ms: number): void;
  /** One request to the table. */
  use(use: PatternUse): void;
}

/** What the sealer counts, as sums since the start. */
export interface SealingSums {
  readonly opened: number;
  readonly recalled: number;
  /** By the reason why a stored text does not open. */
  readonly unreadable: Readonly<Record<string, number>>;
}

/** What is read when somebody asks for the measurements: how it stands now, or what it has come to since the start. */
export interface Gauges {
  readonly streams: () => number;
  readonly slowReaders: () => number;
  readonly delivered: () => number;
  readonly inFlight: () => number;
  readonly sealing?: () => SealingSums;
  readonly setAside?: () => number;
}

/** Seconds: from a cached page to the request deadline. */
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Seconds: from an embedded read to a retried write. */
const tableBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

export const createMetrics = (gauges: Gauges): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = createCounterTally('parley_http_requests_total', 'Requests answered');
  const seconds = createHistogramTally('parley_http_request_seconds', 'How long an answer took', requestBuckets);
  const uses = createCounterTally('parley_table_requests_total', 'Requests to the table by access pattern');
  const useSeconds = createHistogramTally('parley_table_request_seconds', 'How long the table took', tableBuckets);
  const units = createCounterTally(
    'parley_table_units_total',
    'Capacity consumed: write units of 1 KB, read units of 4 KB',
  );
  const slowReaders = createCounterReading(
    'parley_live_slow_readers_total',
    'Streams cut off because their reader did not keep up',
    gauges.slowReaders,
  );
  const delivered = createCounterReading(
    'parley_live_events_delivered_total',
    'Events written to streams',
    gauges.delivered,
  );
  const setAside = createCounterReading(
    'parley_fanout_set_aside_total',
    'Records of the change feed that could not be applied and were passed over (INBOX-8)',
    () => gauges.setAside?.() ?? 0,
  );
  const tallies = [requests, seconds, uses, useSeconds, units, slowReaders, delivered, setAside];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('parley_live_streams', 'Open streams of events', gauges.streams);
  gauge('parley_http_requests_in_flight', 'Requests being answered', gauges.inFlight);

  const { sealing } = gauges;
  const sum = (
    name: string,
    help: string,
    label: string,
    read: (sums: SealingSums) => Readonly<Record<string, number>>,
  ) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        const sums = sealing?.();
        if (sums !== undefined) for (const [of, count] of Object.entries(read(sums))) this.inc({ [label]: of }, count);
      },
    });
  sum('parley_unreadable_texts_total', 'Stored texts that did not open (SEC-3)', 'reason', (sums) => sums.unreadable);
  sum('parley_opened_texts_total', 'Stored texts that were opened', 'by', ({ opened, recalled }) => ({
    cipher: opened,
    memory: recalled,
  }));

  // Labels are put together once: to do so, and to find a series by a text that is new each time, costs more than to count.
  const routeLabels = createLabels((method, route) => `method="${method}",route="${route}"`);
  const statusLabels = createLabels((series, status) => `${series},status="${status}"`);
  const patternLabels = createLabels((pattern) => `pattern="${pattern}"`);
  const outcomeLabels = createLabels((pattern, outcome) => `pattern="${pattern}",outcome="${outcome}"`);
  const kindLabels = createLabels((pattern, kind) => `pattern="${pattern}",kind="${kind}"`);

  return {
    contentType: registry.contentType,
    text: async () => `${await registry.metrics()}\n${tallies.map((tally) => tally.text()).join('\n')}`,
    request: (method, route, status, ms) => {
      const series = routeLabels(method, route);
      requests.add(statusLabels(series, String(status)), 1);
      seconds.add(series, ms / 1_000);
    },
    use: ({ pattern, failed, ms, capacity }) => {
      uses.add(outcomeLabels(pattern, failed ? 'failed' : 'done'), 1);
      useSeconds.add(patternLabels(pattern, ''), ms / 1_000);
      if (capacity.read > 0) units.add(kindLabels(pattern, 'read'), capacity.read);
      if (capacity.write > 0) units.add(kindLabels(pattern, 'write'), capacity.write);
    },
  };
};
