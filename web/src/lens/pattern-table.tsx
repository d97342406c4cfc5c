/** The access patterns that were used, and what a million uses of each would cost. */
import type { LensSnapshot, PatternTotal } from './lens-model.ts';
import { dollarsPerMillion, formatDollars, formatUnits } from './prices.ts';
import { Letter } from './request-list.tsx';

interface PatternTableProps {
  readonly patterns: readonly PatternTotal[];
  readonly total: LensSnapshot['total'];
}

/** The four lettered patterns first: the system exists for them. */
const order = (one: PatternTotal, other: PatternTotal): number =>
  (one.letter ?? 'Z').localeCompare(other.letter ?? 'Z') || one.pattern.localeCompare(other.pattern);

export function PatternTable({ patterns, total }: PatternTableProps) {
  return (
    <table className="lens-patterns">
      <caption className="sr-only">Access patterns used since the Lens was opened</caption>
      <thead>
        <tr>
          <th scope="col">Pattern</th>
          <th scope="col">Uses</th>
          <th scope="col">
            R<span className="sr-only">ead units each</span>
          </th>
          <th scope="col">
            W<span className="sr-only">rite units each</span>
          </th>
          <th scope="col">A million</th>
        </tr>
      </thead>
      <tbody className="mono">
        {[...patterns].sort(order).map((pattern) => (
          <tr key={pattern.pattern}>
            <th scope="row">
              <span className="pattern-name">
                <Letter letter={pattern.letter} /> {pattern.pattern}
              </span>
            </th>
            <td>{pattern.count}</td>
            <td>{formatUnits(pattern.read_units / pattern.count)}</td>
            <td>{formatUnits(pattern.write_units / pattern.count)}</td>
            <td>{formatDollars(dollarsPerMillion(pattern) / pattern.count)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot className="mono">
        <tr>
          <th scope="row">All</th>
          <td>{total.count}</td>
          <td>{formatUnits(total.read_units)}</td>
          <td>{formatUnits(total.write_units)}</td>
          <td />
        </tr>
      </tfoot>
    </table>
  );
}
