/** What this machine gives at most, Parley's share of it, and where an operation's time goes: as tables. */
import type { SideBySide } from './harness/rounds.ts';
import type { SyncFloor } from './harness/sync-floor.ts';
import { figure, markdownTable, percent } from './harness/table.ts';
import type { Profile } from './profile/measure.ts';

/** Of one subject beside its floor, for every load that both did. */
export const sharesOf = (result: SideBySide, ours: string, floor: string, floorName: string): string[][] =>
  result.figures.flatMap((one) => {
    if (one.subject !== ours) return [];
    const below = result.figures.find(
      (other) => other.subject === floor && other.operation === one.operation && other.inFlight === one.inFlight,
    );
    if (below === undefined) return [];
    return [
      [
        `${one.operation}, ${one.inFlight} in flight`,
        `${ours}: ${figure(one.opsPerSecond.median)}`,
        `${floorName}: ${figure(below.opsPerSecond.median)}`,
        percent(one.opsPerSecond.median / below.opsPerSecond.median),
      ],
    ];
  });

/** A send that shares its sync with no other cannot be faster than the disk. */
export const syncShare = (result: SideBySide, ours: string, sync: SyncFloor): string[][] =>
  result.figures
    .filter((one) => one.subject === ours && one.operation === 'send' && one.inFlight === 1)
    .map((one) => [
      'send, 1 in flight',
      `${ours}: ${figure(one.opsPerSecond.median)}`,
      `appends with fdatasync: ${figure(sync.perSecond)}`,
      percent(one.opsPerSecond.median / sync.perSecond),
    ]);

export const limitsTable = (rows: readonly string[][]): string =>
  markdownTable(['what', 'Parley, a second', 'the floor, a second', 'share'], rows);

/** Below this share of every profile a line of the table would say nothing. */
const shownFrom = 0.01;

/** One column per profile: microseconds of an operation, and their share. */
export const profileTable = (profiles: readonly Profile[]): string => {
  const most = new Map<string, number>();
  for (const { groups, totalMicros } of profiles) {
    for (const [name, micros] of groups) most.set(name, Math.max(most.get(name) ?? 0, micros / totalMicros));
  }
  const names = [...most].filter(([, share]) => share >= shownFrom).sort((a, b) => b[1] - a[1]);
  const cell = ({ groups, totalMicros }: Profile, name: string): string => {
    const micros = groups.find(([group]) => group === name)?.[1] ?? 0;
    return micros === 0 ? '–' : `${figure(micros)} (${percent(micros / totalMicros)})`;
  };
  const rest = ({ groups, totalMicros }: Profile): string => {
    const shown = new Set(names.map(([name]) => name));
    const micros = groups.reduce((sum, [name, one]) => (shown.has(name) ? sum : sum + one), 0);
    return `${figure(micros)} (${percent(micros / totalMicros)})`;
  };
  return markdownTable(
    ['µs of an operation', ...profiles.map((one) => `${one.subject}, ${one.operation}, ${one.inFlight} in flight`)],
    [
      ...names.map(([name]) => [name, ...profiles.map((one) => cell(one, name))]),
      ['everything else', ...profiles.map(rest)],
      ['together', ...profiles.map((one) => figure(one.totalMicros))],
    ],
  );
};
