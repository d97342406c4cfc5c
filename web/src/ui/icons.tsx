/** The icons, drawn on one 20-unit grid with one stroke; decorative, so that the control carries the name. */
const paths = {
  back: 'M12.5 4.5 7 10l5.5 5.5',
  add: 'M10 4v12M4 10h12',
  close: 'm5 5 10 10M15 5 5 15',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  down: 'M10 4v12m-5-5 5 5 5-5',
  up: 'M10 16V4m-5 5 5-5 5 5',
  calendar: 'M3.5 5.5h13v11h-13zM3.5 9h13M7 3.5v3M13 3.5v3',
  people:
    'M7.5 9.5a2.75 2.75 0 1 0 0-5.5a2.75 2.75 0 0 0 0 5.5M2.5 16.5c0-3 2-4.5 5-4.5s5 1.5 5 4.5M13 4.3a2.75 2.75 0 0 1 0 5M14.5 12.2c2 .4 3 1.9 3 4.3',
  muted: 'M4 8v4h3l4 3.5v-11L7 8zM14 8l3.5 4M17.5 8 14 12',
  archive: 'M3 4.5h14v3.5H3zM4.5 8v8h11V8M8 11h4',
  reply: 'M8 5 3.5 9.5 8 14M4 9.5h7c3.5 0 5.5 2 5.5 5.5',
  react: 'M17 10a7 7 0 1 1-7-7M7 11.5c.6 1.3 1.6 2 3 2s2.4-.7 3-2M7.7 8h.01M12.3 8h.01M15.5 2v5M13 4.5h5',
  send: 'M4 10h11M10.5 5.5 15 10l-4.5 4.5',
  edit: 'm4 16 .8-3.3L13 4.5a1.7 1.7 0 0 1 2.5 2.5l-8.2 8.2z',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l.7 10.5h7.6L14.5 6',
  lens: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11M13 13l4 4M6.5 9h5M6.5 7h3.5M6.5 11h4',
  keyboard: 'M2.5 5.5h15v9h-15zM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6.5 11.7h7',
  search: 'M9 14a5 5 0 1 0 0-10 5 5 0 0 0 0 10M12.8 12.8 17 17',
  warn: 'M10 3.5 17.5 16.5h-15zM10 8v4M10 14.2h.01',
  block: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14M5 5l10 10',
  leave: 'M8 4H4v12h4M8.5 10h8M13.5 7l3 3-3 3',
  unread: 'M3 5.5h14v9.5H3zM3.5 6l6.5 5 6.5-5',
  copy: 'M7 7h9v9.5H7zM4 13V3.5h9',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.4 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** The mark: a listing with two green bars and its sprocket holes. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return <img src="/mark.svg" width={size} height={size} alt="" />;
}
