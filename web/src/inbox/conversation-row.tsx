/** One conversation in the list: who, what was said last, when, and how much of it is new. */
import { memo } from 'react';
import type { Row } from '#protocol/shapes';
import { formatFull, formatNumber, formatWhen } from '../format.ts';
import { rowName } from '../names.ts';
import { unreadableText } from '../problem-text.ts';
import { navigate, pathOf } from '../router.ts';
import { Icon } from '../ui/icons.tsx';
import { Monogram } from '../ui/monogram.tsx';

interface ConversationRowProps {
  readonly row: Row;
  readonly selected: boolean;
  /** One row of the list is in the tab order; the arrows move between rows. */
  readonly tabbable: boolean;
  readonly draft: string;
  readonly onFocus: (uuid: string) => void;
}

const unreadShownMax = 999;

export const ConversationRow = memo(function ConversationRow({
  row,
  selected,
  tabbable,
  draft,
  onFocus,
}: ConversationRowProps) {
  const name = rowName(row);
  const place = { name: 'conversation', uuid: row.uuid } as const;
  return (
    <a
      href={pathOf(place)}
      className="row"
      data-row={row.uuid}
      data-unread={row.unread > 0 && !row.muted}
      aria-current={selected ? 'page' : undefined}
      tabIndex={tabbable ? 0 : -1}
      onFocus={() => onFocus(row.uuid)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(place);
      }}
    >
      <Monogram name={name} id={row.other_user_uuid ?? row.uuid} />
      <span className="row-text">
        <span className="row-top">
          <span className="row-name" dir="auto">
            {name}
          </span>
          {row.muted ? (
            <span className="row-muted" title="Muted">
              <Icon name="muted" size={14} />
              <span className="sr-only">muted</span>
            </span>
          ) : null}
          <time className="row-when mono" dateTime={row.last_message_at} title={formatFull(row.last_message_at)}>
            {formatWhen(row.last_message_at)}
          </time>
        </span>
        <span className="row-bottom">
          {draft === '' ? (
            <span className="row-last" dir="auto">
              {row.unreadable === undefined ? row.last_message : <em>{unreadableText(row.unreadable)}</em>}
            </span>
          ) : (
            <span className="row-last">
              <span className="row-draft">Draft:</span> <bdi>{draft}</bdi>
            </span>
          )}
          {row.unread > 0 ? (
            <span className={`badge mono${row.muted ? ' quiet' : ''}`}>
              {row.unread > unreadShownMax ? `${unreadShownMax}+` : formatNumber(row.unread)}
              <span className="sr-only"> unread</span>
            </span>
          ) : null}
        </span>
      </span>
    </a>
  );
});
