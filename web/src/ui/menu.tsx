/**
 * A menu button (WAI-ARIA's pattern): Enter, Space or Down opens it, arrows move, Escape closes and gives the focus back.
 * The menu is a popover, so that no scrolling pane cuts it off and a click elsewhere closes it.
 */
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { Icon, type IconName } from './icons.tsx';

interface MenuProps {
  readonly label: string;
  readonly icon?: IconName;
  readonly trigger?: ReactNode;
  readonly triggerClass?: string;
  readonly tabIndex?: number;
  readonly children: ReactNode;
}

const gapPx = 4;
const edgePx = 8;

const place = (menu: HTMLElement, button: HTMLElement): void => {
  const anchor = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = anchor.bottom + gapPx;
  const top = below + size.height + edgePx > innerHeight ? Math.max(edgePx, anchor.top - size.height - gapPx) : below;
  const left = Math.min(Math.max(edgePx, anchor.right - size.width), innerWidth - size.width - edgePx);
  menu.style.top = `${top}px`;
  menu.style.left = `${left}px`;
};

/** What the arrows go through: a field among the items too, since Tab leaves the menu. */
const itemsOf = (menu: HTMLElement | null): HTMLElement[] => [
  ...(menu?.querySelectorAll<HTMLElement>('[role^="menuitem"], input') ?? []),
];

/** Of `count` items, the one that a key leads to; undefined for another key, or one that moves in the text of a field. */
const stepTo = (key: string, at: number, count: number, inField: boolean): number | undefined => {
  const within = { ArrowRight: at + 1, ArrowLeft: at - 1 + count, Home: 0, End: count - 1 };
  return { ArrowDown: at + 1, ArrowUp: at - 1 + count, ...(inField ? {} : within) }[key];
};

export function Menu({ label, icon = 'more', trigger, triggerClass = 'icon-button', tabIndex, children }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  const onKeyDown = (event: KeyboardEvent): void => {
    const items = itemsOf(menu.current);
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = stepTo(event.key, at, items.length, event.target instanceof HTMLInputElement);
    if (to !== undefined) {
      event.preventDefault();
      items[to % items.length]?.focus();
    } else if (event.key === 'Tab') menu.current?.hidePopover();
    event.stopPropagation();
  };

  return (
    <>
      <button
        ref={button}
        type="button"
        className={triggerClass}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        popoverTarget={id}
        tabIndex={tabIndex}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          event.stopPropagation();
          menu.current?.showPopover();
        }}
      >
        {trigger ?? <Icon name={icon} />}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className="menu"
        onKeyDown={onKeyDown}
        onClick={() => {
          menu.current?.hidePopover();
        }}
        onBeforeToggle={(event) => {
          if (event.newState !== 'open') return;
          // The items are there before the menu is shown, which then gives the focus to the first: no key falls between.
          flushSync(() => setOpen(true));
          itemsOf(menu.current)[0]?.setAttribute('autofocus', '');
        }}
        onToggle={(event) => {
          const opened = event.newState === 'open';
          setOpen(opened);
          if (!opened || menu.current === null || button.current === null) return;
          place(menu.current, button.current);
        }}
      >
        {open ? children : null}
      </div>
    </>
  );
}

interface MenuItemProps {
  readonly icon: IconName;
  readonly children: ReactNode;
  readonly onChoose: () => void;
  readonly danger?: boolean;
  readonly shortcut?: string;
}

export function MenuItem({ icon, children, onChoose, danger = false, shortcut }: MenuItemProps) {
  return (
    <button type="button" role="menuitem" tabIndex={-1} className={danger ? 'danger' : ''} onClick={onChoose}>
      <Icon name={icon} size={18} />
      <span>{children}</span>
      {shortcut === undefined ? null : <span className="key">{shortcut}</span>}
    </button>
  );
}
