/** What can be done with one entry of the log; the pane decides how, entries only ask. */
import type { Message } from '#protocol/shapes';

export interface EntryActions {
  readonly reply: (message: Message) => void;
  readonly edit: (message: Message) => void;
  readonly remove: (message: Message) => void;
  readonly react: (message: Message, emoji: string, on: boolean) => void;
  readonly markUnread: (message: Message) => void;
  /** Brings the entry with this number on the screen. */
  readonly goTo: (seq: number) => void;
  readonly retry: (uuid: string) => void;
  readonly discard: (uuid: string) => void;
}
