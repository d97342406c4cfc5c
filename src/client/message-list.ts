/**
 * Messages by seq, persistent: a change makes a new list that shares all but one chunk with the old one, so a snapshot is
 * free and an event costs the copy of one chunk and of the row of chunks, whatever the conversation's length.
 */
import type { Message } from '#protocol/shapes';

/** A chunk is copied whole on a change in it; the row of chunks of 100,000 messages is then some 400 long. */
const chunkMessagesMax = 256;

type Chunk = readonly Message[];

export interface MessageList {
  /** None is empty; seqs rise within each and from each to the next. */
  readonly chunks: readonly Chunk[];
  /** The index of each chunk's first message. */
  readonly starts: readonly number[];
  readonly length: number;
}

const fromChunks = (chunks: readonly Chunk[]): MessageList => {
  const starts: number[] = [];
  let length = 0;
  for (const chunk of chunks) {
    starts.push(length);
    length += chunk.length;
  }
  return { chunks, starts, length };
};

export const emptyList: MessageList = fromChunks([]);

/** The last index of `items` whose `value` is at most `wanted`; −1 when there is none. */
const lastAtMost = <T>(items: readonly T[], wanted: number, value: (item: T) => number): number => {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && value(item) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

const seqOf = (message: Message): number => message.seq;
const firstSeqOf = (chunk: Chunk): number => chunk[0]?.seq ?? 0;

export const messageAt = (list: MessageList, index: number): Message | undefined => {
  const at = lastAtMost(list.starts, index, (start) => start);
  return list.chunks[at]?.[index - (list.starts[at] ?? 0)];
};

/** The index of the message at `seq`; −1 when the list has none. */
export const indexOfSeq = (list: MessageList, seq: number): number => {
  const at = lastAtMost(list.chunks, seq, firstSeqOf);
  const chunk = list.chunks[at] ?? [];
  const within = lastAtMost(chunk, seq, seqOf);
  return chunk[within]?.seq === seq ? (list.starts[at] ?? 0) + within : -1;
};

export const messageOfSeq = (list: MessageList, seq: number): Message | undefined => {
  const index = indexOfSeq(list, seq);
  return index === -1 ? undefined : messageAt(list, index);
};

/** The list with `message` at its place, in place of the one that has its seq. */
export const put = (list: MessageList, message: Message): MessageList => {
  const at = lastAtMost(list.chunks, message.seq, firstSeqOf);
  const chunk = list.chunks[at];
  if (chunk === undefined) return prependAll(list, [message]);
  const within = lastAtMost(chunk, message.seq, seqOf);
  const replaces = chunk[within]?.seq === message.seq;
  const isEnd = at === list.chunks.length - 1 && within === chunk.length - 1;
  if (isEnd && !replaces && chunk.length >= chunkMessagesMax) {
    return {
      chunks: [...list.chunks, [message]],
      starts: [...list.starts, list.length],
      length: list.length + 1,
    };
  }
  const changed = chunk.toSpliced(replaces ? within : within + 1, replaces ? 1 : 0, message);
  const chunks = list.chunks.with(at, changed);
  if (replaces) return { chunks, starts: list.starts, length: list.length };
  if (isEnd) return { chunks, starts: list.starts, length: list.length + 1 };
  return fromChunks(chunks);
};

/** The list with `messages` before it: by rising seq, all below its first. */
export const prependAll = (list: MessageList, messages: readonly Message[]): MessageList => {
  if (messages.length === 0) return list;
  const [first, ...others] = list.chunks;
  if (first !== undefined && first.length + messages.length <= chunkMessagesMax) {
    return fromChunks([[...messages, ...first], ...others]);
  }
  const chunks: Chunk[] = [];
  for (let i = 0; i < messages.length; i += chunkMessagesMax) chunks.push(messages.slice(i, i + chunkMessagesMax));
  return fromChunks([...chunks, ...list.chunks]);
};

/** What of the list is below `seq`. */
export const below = (list: MessageList, seq: number): MessageList =>
  fromChunks(
    list.chunks
      .filter((chunk) => firstSeqOf(chunk) < seq)
      .map((chunk) => ((chunk.at(-1)?.seq ?? 0) < seq ? chunk : chunk.filter((message) => message.seq < seq))),
  );

/** Two lists as one; every seq of `older` is below every seq of `newer`. */
export const joined = (older: MessageList, newer: MessageList): MessageList =>
  fromChunks([...older.chunks, ...newer.chunks]);

/** The list without its first chunk. */
export const withoutFirstChunk = (list: MessageList): MessageList => fromChunks(list.chunks.slice(1));

/** The list cut before its last chunk: the part before it, and that chunk. */
export const splitLastChunk = (list: MessageList): readonly [MessageList, MessageList] => [
  fromChunks(list.chunks.slice(0, -1)),
  fromChunks(list.chunks.slice(-1)),
];

export const firstSeq = (list: MessageList): number | undefined => list.chunks[0]?.[0]?.seq;
export const lastSeq = (list: MessageList): number | undefined => list.chunks.at(-1)?.at(-1)?.seq;
