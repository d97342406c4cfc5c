/** What people ask of the table, second by second of a day, and the units that it comes to. */
import { type Question, units } from './question.ts';
import { conversationsPerPerson, inboxExponent, messagesPerSecondPerPerson, zipfTopShare } from './workload.ts';

/** What people do in one second. */
export interface Traffic {
  /** Messages, all of them. */
  readonly sends: number;
  /** Of those, how many go to the busiest conversation, and how many people are in it. */
  readonly busiestConversation: number;
  readonly busiestConversationSize: number;
  /** Of those, how many go to one person's inbox, each from a conversation of its own. */
  readonly busiestInbox: number;
  readonly pages: number;
  readonly inboxes: number;
  readonly readMarks: number;
}

export interface Run {
  readonly question: Question;
  readonly seconds: number;
  readonly traffic: (second: number) => Traffic;
  /** The highest units a second before the run. */
  readonly peakBefore: { readonly table: number; readonly index: number; readonly reads: number };
}

/** Seconds of a run's day that are looked at: from the first up to the second. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** How long a client waits before it sends again what was refused, on average: its backoff's usual step. */
export const outboxRetrySeconds = 30;

export const daySeconds = 86_400;

/** Traffic at a multiple of the mean hour's. */
export const trafficAt = (question: Question, timesMean: number): Traffic => {
  const perSecond = (perDay: number): number => (question.users * perDay * timesMean) / daySeconds;
  const sends = perSecond(question.messagesPerDay);
  const active = Math.max(1, (question.users * conversationsPerPerson) / question.groupSize);
  return {
    sends,
    busiestConversation: Math.min(sends * zipfTopShare(active), question.groupSize * messagesPerSecondPerPerson),
    busiestConversationSize: question.groupSize,
    busiestInbox: sends * zipfTopShare(question.users, inboxExponent),
    pages: perSecond(question.pagesPerDay),
    inboxes: perSecond(question.inboxesPerDay),
    readMarks: perSecond(question.readMarksPerDay),
  };
};

/** Units a second that some traffic asks for when nothing is refused. */
export const unitsAt = (question: Question, traffic: Traffic) => {
  const updates = (traffic.sends * question.groupSize) / question.messagesPerBatch;
  return {
    table:
      traffic.sends * units.append.table + updates * units.updateRow.table + traffic.readMarks * units.markRead.table,
    index: updates * units.updateRow.index + traffic.readMarks * units.markRead.index,
    reads: traffic.pages * question.uncachedShare * units.page.read + traffic.inboxes * units.inbox.read,
  };
};
