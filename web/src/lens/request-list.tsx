/** Each request as one printed line or two: pattern, operation and index, the key condition, what came and what it cost. */
import { memo } from 'react';
import type { LensRequest } from './lens-model.ts';
import { formatUnits } from './prices.ts';

export function RequestList({ requests }: { readonly requests: readonly LensRequest[] }) {
  if (requests.length === 0) {
    return (
      <p className="lens-empty">
        Nothing has been asked of the table since this was opened. Open a conversation or send a message: each request
        stands here with its key condition and what it consumed.
      </p>
    );
  }
  return (
    <ol className="lens-requests" aria-label="Requests, newest first">
      {requests.map((request) => (
        <Request key={request.id} request={request} />
      ))}
    </ol>
  );
}

export const Letter = ({ letter }: { readonly letter: string | undefined }) => (
  <span className={`letter mono${letter === undefined ? ' none' : ''}`}>{letter ?? '·'}</span>
);

const Request = memo(function Request({ request }: { readonly request: LensRequest }) {
  const { read_units: read, write_units: write, items } = request;
  const units = [read > 0 ? `${formatUnits(read)} R` : '', write > 0 ? `${formatUnits(write)} W` : ''].filter(Boolean);
  return (
    <li data-pattern={request.pattern} data-letter={request.letter}>
      <Letter letter={request.letter} />
      <div className="request-body">
        <p className="request-top">
          <strong>{request.pattern}</strong>
          <span className="mono">
            {request.operation}
            {request.index === undefined ? '' : ` · index ${request.index}`}
          </span>
        </p>
        <p className="request-key mono">{request.key_condition}</p>
      </div>
      <p className="request-cost mono">
        <b>{units.length === 0 ? '0' : units.join(' ')}</b>
        <span>
          {items} {items === 1 ? 'item' : 'items'}
        </span>
        <span>{request.cached ? 'cache' : 'table'}</span>
        <span>{request.ms < 10 ? request.ms.toFixed(1) : Math.round(request.ms)} ms</span>
      </p>
    </li>
  );
});
