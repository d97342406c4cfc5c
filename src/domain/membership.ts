/** Who is in a conversation and what they may read: pure arithmetic on spans of seqs (CONV-2). */

/** From the seq of joining to the seq of leaving, both readable; still in it without `to`. */
export interface Span {
  readonly from: number;
  readonly to?: number;
}

export interface Spanned {
  readonly user_uuid: string;
  readonly spans: readonly Span[];
}

/** True when the user is in it as of the newest change. */
export const isIn = (member: Spanned | undefined): boolean => {
  if (member === undefined) return false;
  const last = member.spans[member.spans.length - 1];
  return last !== undefined && last.to === undefined;
};

/** The members as of the newest change. */
export const present = <M extends Spanned>(members: readonly M[]): M[] => {
  // In loops, here and below: what comes out of a cache is frozen, and the methods of frozen arrays take a slow way.
  const found: M[] = [];
  for (const member of members) if (isIn(member)) found.push(member);
  return found;
};

/** True when the entry at `seq` is one the member may read. */
export const mayRead = (member: Spanned, seq: number): boolean => {
  for (const span of member.spans) if (seq >= span.from && (span.to === undefined || seq <= span.to)) return true;
  return false;
};

/**
 * The newest span of entries that a member may read among those up to `last`, cut to it; undefined when there is none.
 * A walk goes on below `first`.
 */
export const readableBelow = (member: Spanned, last: number): { first: number; last: number } | undefined => {
  for (const span of [...member.spans].reverse()) {
    const first = Math.max(1, span.from);
    const end = Math.min(last, span.to ?? last);
    if (end >= first) return { first, last: end };
  }
  return undefined;
};

/** The oldest span of entries that a member may read among those from `first` on. */
export const readableFrom = (
  member: Spanned,
  first: number,
): { first: number; last: number | undefined } | undefined => {
  for (const span of member.spans) {
    const begin = Math.max(1, span.from, first);
    if (span.to === undefined || span.to >= begin) return { first: begin, last: span.to };
  }
  return undefined;
};

/** The members after somebody joined at `seq`. */
export const withMember = <M extends Spanned>(members: readonly M[], user: string, seq: number): Spanned[] => {
  const known = members.find((member) => member.user_uuid === user);
  if (known === undefined) return [...members, { user_uuid: user, spans: [{ from: seq }] }];
  return members.map((member) => (member === known ? { ...member, spans: [...member.spans, { from: seq }] } : member));
};

/** The members after somebody left at `seq`; they may still read that entry. */
export const withoutMember = <M extends Spanned>(members: readonly M[], user: string, seq: number): Spanned[] =>
  members.map((member) => {
    const last = member.spans.at(-1);
    if (member.user_uuid !== user || last === undefined || last.to !== undefined) return member;
    return { ...member, spans: [...member.spans.slice(0, -1), { from: last.from, to: seq }] };
  });
