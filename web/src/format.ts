/** How times, numbers and names are written, in the reader's own locale and time zone. */
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const dayAndMonth = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const shortDate = new Intl.DateTimeFormat(undefined, { year: '2-digit', month: '2-digit', day: '2-digit' });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const longDayAndYear = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const whole = new Intl.NumberFormat();
const dayMs = 86_400_000;

export const formatClock = (iso: string): string => clock.format(new Date(iso));
export const formatFull = (iso: string): string => full.format(new Date(iso));
export const formatNumber = (value: number): string => whole.format(value);

/** The local calendar day, as a key to compare by. */
export const dayKey = (iso: string): string => {
  const date = new Date(iso);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
};

/** By the reader's calendar, as if all its days were equally long: where the clocks are set, some have 23 hours or 25. */
const dayNumber = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / dayMs;

/** Today, Yesterday, or the date in words. */
export function formatDay(iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  const daysAgo = dayNumber(now) - dayNumber(date);
  if (daysAgo === 0) return 'Today';
  if (daysAgo === 1) return 'Yesterday';
  return (date.getFullYear() === now.getFullYear() ? longDay : longDayAndYear).format(date);
}

/** As short as still says when: the time today, the weekday this week, else the date. */
export function formatWhen(iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  const daysAgo = dayNumber(now) - dayNumber(date);
  if (daysAgo === 0) return clock.format(date);
  if (daysAgo < 7) return weekday.format(date);
  return (date.getFullYear() === now.getFullYear() ? dayAndMonth : shortDate).format(date);
}

/** Up to two letters that stand for a name; whole characters, so that no emoji is cut in half. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? '')][0] ?? '·';
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : '';
  return (first + last).toLocaleUpperCase();
}

const tones = 6;
/** The same one of six tones for the same text, always. */
export function toneOf(text: string): number {
  let sum = 0;
  for (let place = 0; place < text.length; place++) sum = (sum * 31 + text.charCodeAt(place)) % 65_521;
  return sum % tones;
}
