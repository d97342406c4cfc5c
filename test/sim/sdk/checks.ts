/** What every client must show once the network is calm: exactly the log, and the rows as they are. Each finding names its rule. */
import { isDeepStrictEqual } from 'node:util';
import type { ConversationUuid } from '#domain/ids';
import type { Messenger } from '#messenger/messenger';
import type { MessageView } from '#messenger/views';
import type { Message, Row } from '#protocol/shapes';
import type { World } from '../world.ts';
import type { Tried } from './acts.ts';
import { type Device, messagesOf } from './device.ts';

/** What the service gives is JSON: without what is undefined. */
const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const walk = async (messenger: Messenger, device: Device, conversation: string): Promise<MessageView[]> => {
  const messages: MessageView[] = [];
  let cursor: string | undefined;
  do {
    const request = cursor === undefined ? { limit: 100 } : { limit: 100, cursor };
    const uuid = conversation as ConversationUuid;
    const page = await messenger.history({ user: device.person.uuid }, uuid, request);
    messages.push(...page.messages);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return asJson(messages.reverse());
};

/** A person who scrolls through a whole conversation, at their own pace. */
const readWhole = async (world: World, device: Device, conversation: string) => {
  const timeline = device.session.timeline(conversation);
  timeline.jumpToNewest();
  for (let page = 0; page < 50 && timeline.getSnapshot().hasOlder; page += 1) {
    await timeline.loadOlder();
  }
  for (let seq = 1; seq <= timeline.getSnapshot().newestSeq; seq += 100) {
    timeline.setVisible(seq, seq + 99);
    await world.wait(3_000);
  }
  return timeline.getSnapshot();
};

const difference = (shown: readonly Message[], log: readonly Message[]): string | undefined => {
  const [mine, theirs] = [shown.map(({ seq }) => seq).join(), log.map(({ seq }) => seq).join()];
  if (mine !== theirs) return `shows ${mine} of ${theirs}`;
  const at = shown.findIndex((message, index) => !isDeepStrictEqual(message, log[index]));
  return at === -1 ? undefined : `shows ${JSON.stringify(shown[at])} where ${JSON.stringify(log[at])} is`;
};

const checkTimeline = async (world: World, messenger: Messenger, device: Device, conversation: string) => {
  const wrong: string[] = [];
  const log = await walk(messenger, device, conversation);
  const timeline = device.session.timeline(conversation);
  // What a person sees who did nothing but leave the conversation open: its newest messages, without a fetch of theirs.
  const open = messagesOf(timeline.getSnapshot()).slice(-100);
  const asLeft = difference(open, log.slice(log.length - open.length));
  if (asLeft !== undefined) wrong.push(`[LIVE-2] ${device.name}, left open, ${asLeft}`);
  const snapshot = await readWhole(world, device, conversation);
  const whole = difference(messagesOf(snapshot), log);
  if (whole !== undefined) wrong.push(`[LIVE-2] ${device.name} ${whole}`);
  if (snapshot.length !== log.length) wrong.push(`[LIVE-2] ${device.name} shows ${snapshot.length} of ${log.length}`);
  if (snapshot.typing.length > 0) wrong.push(`[LIVE-1] ${device.name} sees somebody type for ever`);
  return wrong;
};

const checkInbox = async (messenger: Messenger, device: Device): Promise<string[]> => {
  const wrong: string[] = [];
  await device.session.inbox.loadMore('archive');
  const snapshot = device.session.inbox.getSnapshot();
  for (const folder of ['inbox', 'archive'] as const) {
    const page = await messenger.inbox({ user: device.person.uuid }, { folder, limit: 100 });
    const rows = asJson(page.conversations);
    const shown: readonly Row[] = snapshot[folder].rows;
    if (shown.map(({ uuid }) => uuid).join() !== rows.map(({ uuid }) => uuid).join())
      wrong.push(`[INBOX-1] ${device.name} lists ${shown.length} of ${rows.length}, or in another order, in ${folder}`);
    for (const [index, row] of rows.entries()) {
      const mine = shown[index];
      if (mine?.uuid === row.uuid && !isDeepStrictEqual(mine, row))
        wrong.push(`[INBOX-2] ${device.name} shows ${JSON.stringify(mine)} where ${JSON.stringify(row)} is`);
    }
  }
  const unread = snapshot.inbox.rows.filter((row) => !row.muted).reduce((sum, row) => sum + row.unread, 0);
  if (snapshot.unread !== unread) wrong.push(`[INBOX-2] ${device.name} counts ${snapshot.unread}, not ${unread}`);
  return wrong;
};

/** Every text that was composed is in the log once, or was refused; and in the order composed. */
const checkComposed = (device: Device, textsOf: ReadonlyMap<string, readonly string[]>): string[] => {
  const wrong: string[] = [];
  const lastAt = new Map<string, number>();
  for (const { conversation, text, outOfOrder, discarded } of device.composed) {
    const texts = textsOf.get(conversation) ?? [];
    const at = texts.indexOf(text);
    if (at === -1 && !discarded) wrong.push(`[LOG-8] ${device.name} composed "${text}", which is nowhere`);
    if (texts.indexOf(text, at + 1) !== -1) wrong.push(`[LOG-4] "${text}" is in the log twice`);
    if (at === -1 || outOfOrder) continue;
    if (at < (lastAt.get(conversation) ?? -1)) wrong.push(`[LOG-7] ${device.name}: "${text}" was overtaken`);
    lastAt.set(conversation, at);
  }
  return wrong;
};

/**
 * @param textsOf by conversation: the text that each entry was first posted with, in the order of the log.
 * @param messenger of a fresh node, over a calm network.
 */
export const findClientFaults = async (
  world: World,
  messenger: Messenger,
  devices: readonly Device[],
  textsOf: ReadonlyMap<string, readonly string[]>,
  tried: Tried,
): Promise<string[]> => {
  const wrong = [...tried.wrong];
  for (const device of devices) {
    for (const send of device.session.sends.getSnapshot()) {
      wrong.push(`[LIVE-2] ${device.name} still shows "${send.text}" as ${JSON.stringify(send.state)}`);
    }
    for (const conversation of device.watched) {
      wrong.push(...(await checkTimeline(world, messenger, device, conversation)));
    }
    wrong.push(...(await checkInbox(messenger, device)), ...checkComposed(device, textsOf));
  }
  return wrong;
};
