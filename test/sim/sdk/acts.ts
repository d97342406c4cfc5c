/** What people do at their devices, by chance. Every act is the SDK's own; that one fails is the network's or the rules' doing. */
import { ApiError } from '#client/failure';
import type { World } from '../world.ts';
import { type Device, messagesOf } from './device.ts';
import type { ClientNetwork } from './network.ts';

/** What the checks have to know of what was tried. */
export interface Tried {
  /** Seqs to which somebody moved their mark, and whether ever back, by `user conversation`. */
  readonly marks: Map<string, { readonly seqs: number[]; back: boolean }>;
  /** Conversations whose members were changed, or may have been. */
  readonly moved: Set<string>;
  /** Failures that no weather explains. */
  readonly wrong: string[];
}

/** Refusals that people meet who come and go, and change what somebody deletes meanwhile. */
const expected = new Set([
  'not_found',
  'forbidden',
  'message_deleted',
  'not_a_group',
  'group_full',
  'seq_out_of_range',
]);

export const createActs = (
  world: World,
  network: ClientNetwork,
  tried: Tried,
  groups: readonly string[],
  handles: readonly string[],
) => {
  let texts = 0;
  /** Nothing waits for it: a person does not either. */
  const go = (act: Promise<unknown>): void => {
    act.catch((error: unknown) => {
      const fine = error instanceof ApiError && (error.passing || expected.has(error.code));
      if (!fine) tried.wrong.push(`an act failed: ${error instanceof Error ? error.stack : String(error)}`);
    });
  };

  const mark = (device: Device, conversation: string, seq: number, back: boolean): void => {
    const name = `${device.person.uuid} ${conversation}`;
    const known = tried.marks.get(name) ?? { seqs: [], back: false };
    tried.marks.set(name, { seqs: [...known.seqs, seq], back: known.back || back });
  };

  const change = (device: Device, conversation: string): void => {
    const own = messagesOf(device.session.timeline(conversation).getSnapshot()).filter(
      (one) => one.user_uuid === device.person.uuid && one.kind === 'text',
    );
    if (own.length === 0) return;
    const { seq } = world.pick(own);
    const timeline = device.session.timeline(conversation);
    go(world.chance(0.7) ? timeline.edit(seq, `edited ${texts} 🪴`) : timeline.remove(seq));
    texts += 1;
  };

  const react = (device: Device, conversation: string): void => {
    const shown = messagesOf(device.session.timeline(conversation).getSnapshot());
    if (shown.length === 0) return;
    const { seq } = world.pick(shown);
    go(device.session.timeline(conversation).react(seq, world.pick(['👍', '🎉']), world.chance(0.7)));
  };

  const read = (device: Device, conversation: string): void => {
    const { newestSeq } = device.session.timeline(conversation).getSnapshot();
    if (newestSeq === 0) return;
    const seq = 1 + world.below(newestSeq);
    if (world.chance(0.8)) {
      mark(device, conversation, seq, false);
      device.session.timeline(conversation).markRead(seq);
    } else {
      mark(device, conversation, seq - 1, true);
      go(device.session.inbox.markUnread(conversation, seq));
    }
  };

  const look = (device: Device, conversation: string): void => {
    const timeline = device.session.timeline(conversation);
    const { newestSeq } = timeline.getSnapshot();
    const way = world.below(4);
    if (way === 0) go(timeline.loadOlder());
    else if (way === 1 && newestSeq > 0) go(timeline.jumpToSeq(1 + world.below(newestSeq)));
    else if (way === 2) timeline.jumpToNewest();
    else go(timeline.loadNewer());
  };

  const flag = (device: Device, conversation: string): void => {
    const { inbox } = device.session;
    if (world.chance(0.5)) go(inbox.setMuted(conversation, world.chance(0.5)));
    else go(inbox.setArchived(conversation, world.chance(0.5)));
  };

  const move = (device: Device, conversation: string): void => {
    if (!groups.includes(conversation)) return;
    tried.moved.add(conversation);
    const handle = world.pick(handles);
    const add = world.chance(0.6);
    go(add ? device.api.addParticipant(conversation, handle) : device.api.removeParticipant(conversation, handle));
  };

  /** What was refused is sent again or given up; only that. */
  const tidy = (device: Device): void => {
    for (const { uuid, text, state } of device.session.sends.getSnapshot()) {
      if (state.status !== 'failed') continue;
      const composed = device.composed.find((one) => one.text === text);
      if (composed === undefined) continue;
      composed.outOfOrder = true;
      if (world.chance(0.5)) device.session.retry(uuid);
      else {
        composed.discarded = true;
        device.session.discard(uuid);
      }
    }
  };

  const acts: readonly [weight: number, act: (device: Device, conversation: string) => void][] = [
    [30, (device, conversation) => device.send(conversation, `${device.name} ${texts++} çağ 🪴`)],
    [12, change],
    [8, react],
    [8, read],
    [8, look],
    [5, flag],
    [3, move],
    [3, (device) => device.reload()],
    [4, (device) => network.cut(device.name)],
    [2, (device) => device.session.wake()],
    [3, (device, conversation) => device.session.timeline(conversation).typing()],
    [3, tidy],
    [2, (device, conversation) => go(device.session.timeline(conversation).refresh())],
  ];
  const total = acts.reduce((sum, [weight]) => sum + weight, 0);

  /** One act of a device. */
  return (device: Device, conversation: string): void => {
    let at = world.below(total);
    for (const [weight, act] of acts) {
      at -= weight;
      if (at >= 0) continue;
      act(device, conversation);
      return;
    }
  };
};
