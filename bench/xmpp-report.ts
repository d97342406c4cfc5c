/** The comparison with XMPP servers as tables. */
import { drawBars } from '#cli/capacity/chart';
import { figure, markdownTable, percent } from './harness/table.ts';
import type { XmppComparison } from './xmpp.ts';

export const xmppChart = ({ servers }: XmppComparison): Promise<string> => {
  const loads = [...new Set(servers.flatMap((server) => server.delivery.map((load) => load.inFlight)))];
  return drawBars({
    title: 'Messages stored and delivered',
    x: 'messages a second, median of rounds',
    categories: loads.map((inFlight) => `${inFlight} in flight`),
    bars: servers.map(({ name, delivery }) => ({
      name,
      values: loads.map((inFlight) => delivery.find((load) => load.inFlight === inFlight)?.perSecond.median ?? 0),
    })),
  });
};

export const xmppTables = ({ talks, servers, skipped }: XmppComparison): string => {
  const delivery = servers.flatMap((server) =>
    server.delivery.map((load) => [
      `${server.name}, ${load.inFlight} in flight`,
      figure(load.perSecond.median),
      percent(load.perSecond.spread),
      figure(load.p50.median),
      figure(load.p99.median),
      figure(load.cpu.median),
    ]),
  );
  const rest = servers.map((server) => [
    server.name,
    server.version,
    figure(server.pages.perSecond.median),
    percent(server.pages.perSecond.spread),
    figure(server.pages.p50.median),
    figure(server.pages.p99.median),
    figure(server.idleBytes / 1e6),
    figure(server.bytesPerThousandConnections / 1e6),
    figure(server.diskBytesPerMessage),
  ]);
  return [
    `One-to-one messages between 32 pairs, both connected; a message counts when it has come to the other. Sent: ${talks}. Disk is counted over all of them, sent once, each conversation between two people of its own; Parley's holds the inbox rows, the index and a day of the change feed besides. What each promises differs: Parley answers when a message is encrypted, synced to disk and will be delivered exactly once; Prosody (files) and ejabberd (Mnesia) keep their archives without waiting for the disk, and hold them in the clear.`,
    markdownTable(['server', 'delivered/s', 'spread', 'p50 ms', 'p99 ms', 'CPU µs/message'], delivery),
    markdownTable(
      [
        'server',
        'version',
        'archive pages of 20/s, one at a time',
        'spread',
        'p50 ms',
        'p99 ms',
        'memory idle, MB',
        'MB per 1,000 connections',
        'disk bytes/message',
      ],
      rest,
    ),
    Object.entries(skipped)
      .map(([name, reason]) => `- ${name} was not measured: ${reason}`)
      .join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};
