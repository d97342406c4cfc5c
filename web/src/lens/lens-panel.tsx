/** The Lens: DynamoDB at work behind this page. Requests as they happen, what they add up to, and the table itself. */
import { type KeyboardEvent, useEffect, useState } from 'react';
import { useApp } from '../app-context.ts';
import { setPreference } from '../preferences.ts';
import { Icon } from '../ui/icons.tsx';
import { useStore } from '../use-store.ts';
import { createLensModel, type LensModel, type LensSnapshot } from './lens-model.ts';
import { PatternTable } from './pattern-table.tsx';
import { dollars, dollarsPerMillion, formatDollars, formatUnits, priceSource } from './prices.ts';
import { RequestList } from './request-list.tsx';
import { TableDrawing } from './table-drawing.tsx';
import './lens.css';

const tabs = [
  { id: 'requests', name: 'Requests' },
  { id: 'patterns', name: 'Patterns' },
  { id: 'table', name: 'Table' },
] as const;
type TabId = (typeof tabs)[number]['id'];

export function LensPanel({ conversation }: { readonly conversation: string | undefined }) {
  const { api } = useApp();
  const [model, setModel] = useState<LensModel>();
  useEffect(() => {
    const created = createLensModel(api);
    created.start();
    setModel(created);
    return () => created.stop();
  }, [api]);
  useEffect(() => model?.show(conversation), [model, conversation]);
  if (model === undefined) return <aside className="lens" aria-label="The Lens" aria-busy="true" />;
  return <Panel model={model} conversation={conversation} />;
}

function Panel({ model, conversation }: { readonly model: LensModel; readonly conversation: string | undefined }) {
  const snapshot = useStore(model);
  const [tab, setTab] = useState<TabId>('requests');
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: tabs.length - 1 }[event.key];
    if (step === undefined) return;
    const next = tabs[(tabs.findIndex(({ id }) => id === tab) + step) % tabs.length];
    if (next === undefined) return;
    setTab(next.id);
    document.getElementById(`lens-tab-${next.id}`)?.focus();
  };
  return (
    <aside className="lens" aria-label="The Lens" data-status={snapshot.status}>
      <header className="bar lens-bar">
        <Icon name="lens" />
        <h2>The Lens</h2>
        <span className="lens-status mono" role="status">
          {snapshot.status === 'open' ? '' : snapshot.status === 'connecting' ? 'connecting' : 'connection lost'}
        </span>
        <button type="button" className="button small" onClick={model.reset}>
          Reset
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Close the Lens"
          title="Close (l)"
          onClick={() => setPreference({ lens: false })}
        >
          <Icon name="close" />
        </button>
      </header>
      <Totals total={snapshot.total} />
      <div className="lens-tabs" role="tablist" aria-label="Views of the Lens" onKeyDown={onKeyDown}>
        {tabs.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            id={`lens-tab-${id}`}
            role="tab"
            aria-selected={tab === id}
            aria-controls="lens-view"
            tabIndex={tab === id ? 0 : -1}
            onClick={() => setTab(id)}
          >
            {name}
          </button>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a pane that scrolls has to be reachable by key. */}
      <div id="lens-view" className="lens-view" role="tabpanel" aria-labelledby={`lens-tab-${tab}`} tabIndex={0}>
        {tab === 'requests' ? <RequestList requests={snapshot.requests} /> : null}
        {tab === 'patterns' ? <PatternTable patterns={snapshot.patterns} total={snapshot.total} /> : null}
        {tab === 'table' ? (
          <TableDrawing items={snapshot.items} lit={snapshot.lit} open={conversation !== undefined} />
        ) : null}
      </div>
      <p className="lens-source">
        Prices:{' '}
        <a href={priceSource.address} target="_blank" rel="noopener noreferrer">
          {priceSource.name}
        </a>
        , since {priceSource.since}; read {priceSource.read}.
      </p>
    </aside>
  );
}

function Totals({ total }: { readonly total: LensSnapshot['total'] }) {
  const each = total.count === 0 ? 0 : dollarsPerMillion(total) / total.count;
  const figures = [
    { name: 'requests', value: String(total.count) },
    { name: 'cached', value: String(total.cached) },
    { name: 'reads', value: formatUnits(total.read_units) },
    { name: 'writes', value: formatUnits(total.write_units) },
    { name: 'cost', value: formatDollars(dollars(total)) },
    { name: 'per million', value: formatDollars(each) },
  ];
  return (
    <dl className="lens-totals">
      {figures.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
