/** Takes the focus into the list: to the row that was last in it, or is open, or stands first. */
export const focusList = (): void => document.querySelector<HTMLElement>('.rows a[tabindex="0"]')?.focus();
