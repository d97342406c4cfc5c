/** Puts the use cases together over a table's patterns and the ports. Nothing here starts anything or names an adapter. */
import { ParleyError } from '#domain/errors';
import type { Handle, UserUuid } from '#domain/ids';
import { isIn, present } from '#domain/membership';
import { createBlocks } from './blocks.ts';
import { createConversations } from './conversations.ts';
import type { Deps } from './deps.ts';
import { createFanout, type Fanout } from './fanout.ts';
import { guarded } from './faults.ts';
import { createHistory } from './history.ts';
import { createImport, type Import } from './import.ts';
import { createInbox } from './inbox.ts';
import { createAudit } from './lifecycle/audit.ts';
import { createErasures } from './lifecycle/erase.ts';
import { createEraseFromConversation } from './lifecycle/erase-conversation.ts';
import { createExport } from './lifecycle/export.ts';
import { createLifecycle, type Lifecycle } from './lifecycle/lifecycle.ts';
import { createSetStatus } from './lifecycle/status.ts';
import { createLive, type Every, type Standing } from './live.ts';
import { createLog } from './log.ts';
import { createMemberships } from './memberships.ts';
import type { Call, Messenger } from './messenger.ts';
import { createPages } from './pages.ts';
import { createPeople } from './people.ts';
import { createProfiles } from './profiles.ts';
import { createRender } from './render.ts';
import { createRevise } from './revise.ts';
import { createSend } from './send.ts';
import { createSendQueue } from './send-queue.ts';

export interface MessengerOptions extends Deps {
  /** Told after each entry that is durable; the fan-out's runner is woken by it. */
  readonly appended?: () => void;
  /** Told after each erasure that was begun; the runner of erasures is woken by it. */
  readonly erasureBegun?: () => void;
  /** Calls back every so many milliseconds; by default by the process's own timer, which holds no process back. */
  readonly every?: Every;
}

const byTimer: Every = (ms, run) => {
  const timer = setInterval(run, ms).unref();
  return () => clearInterval(timer);
};

/** The use cases, the fan-out that belongs to the same caches and bus, and what operators do: the life cycle and imports. */
export const createMessenger = (
  given: MessengerOptions,
): { messenger: Messenger; fanout: Fanout; lifecycle: Lifecycle; importConversation: Import } => {
  const { patterns, cache, bus, sealer } = given;
  // What was made of somebody's texts is forgotten with them.
  const forget = (author: UserUuid): void => {
    sealer.forget(author);
    render.forget();
  };
  const options: MessengerOptions = {
    ...given,
    sealer: {
      seal: (place, text, deadline) => sealer.seal(place, text, deadline),
      open: (sealed, deadline, leases) => sealer.open(sealed, deadline, leases),
      forget,
    },
  };
  const appended = options.appended ?? (() => undefined);
  const profiles = createProfiles(patterns, cache);
  const memberships = createMemberships(patterns, cache);
  const render = createRender(options, profiles);
  const people = createPeople(options, profiles);
  const userOf = (handle: Handle, call: Call) => people.userByHandle(handle, call);
  const blocks = createBlocks(options, profiles, userOf);
  const log = createLog(patterns, createSendQueue(), options.now, options.randomBytes);
  const conversations = createConversations(options, { log, memberships, profiles, userOf, appended });
  const pages = createPages(patterns, cache);
  const history = createHistory(options, { log, memberships, pages, render });
  const revised = (conversation: string, seq: number): void => {
    pages.changed(conversation, seq);
    appended();
  };
  const inbox = createInbox(options, { log, memberships, render });
  const revise = createRevise(options, { memberships, blocks, render, revised });
  const send = createSend(options, { log, memberships, profiles, blocks, render, appended });
  const isServed = async (user: string): Promise<boolean> => {
    if ((await profiles.get(user))?.status === 'active') return true;
    forget(user as UserUuid);
    return false;
  };
  const standing: Standing = {
    changed: (user) => {
      profiles.forget(user);
      return isServed(user);
    },
    suspected: (user) => {
      profiles.changed(user);
      return isServed(user);
    },
  };
  const live = createLive(options, render, standing, options.every ?? byTimer);
  const fanout = createFanout({
    patterns,
    memberships,
    bus,
    revised: pages.changed,
    profileChanged: profiles.changed,
  });

  const served = async (call: Call): Promise<void> => {
    if ((await profiles.get(call.user, call))?.status !== 'active')
      throw new ParleyError('unauthenticated', 'This user is not served.');
  };
  const exportParts = { profiles, render, history };
  const lifecycle = createLifecycle(options, {
    erasures: createErasures(options, {
      profiles,
      eraseFromConversation: createEraseFromConversation(options, { log, memberships, revised }),
      begun: options.erasureBegun ?? (() => undefined),
    }),
    setStatus: createSetStatus(options, profiles),
    exportOf: createExport(options, { ...exportParts, allowed: async () => undefined }),
    audit: createAudit(options),
  });

  const messenger: Messenger = {
    provision: guarded(people.provision),
    isServed: guarded(people.isServed),
    isKnownActive: (user) => profiles.known(user)?.status === 'active',
    findByHandle: guarded(people.findByHandle),
    me: guarded(people.me),
    changeMe: guarded(async (call, change) => {
      const changed = await people.changeMe(call, change);
      appended();
      return changed;
    }),
    userByHandle: guarded((call, handle) => people.userByHandle(handle, call)),
    block: guarded(blocks.block),
    unblock: guarded(blocks.unblock),
    blocks: guarded(blocks.list),
    open: guarded(conversations.open),
    conversation: guarded(conversations.get),
    changeConversation: guarded(async (call, conversation, { title, ...flags }) => {
      if (title !== undefined) await conversations.rename(call, conversation, title);
      const row = await inbox.setFlags(call, conversation, flags);
      // The row learns of the title from the fan-out, a moment later.
      return title === undefined ? row : { ...row, title };
    }),
    addParticipant: guarded(conversations.add),
    removeParticipant: guarded(conversations.remove),
    inbox: guarded(inbox.list),
    history: guarded((call, conversation, request) => history(call, conversation, request)),
    send: guarded(send),
    edit: guarded(revise.edit),
    deleteMessage: guarded(revise.delete),
    react: guarded(revise.react),
    markRead: guarded(inbox.markRead),
    typing: guarded(async (call, conversation) => {
      const { conversation: item, member } = await memberships.mustKnow(call, conversation);
      if (!isIn(member)) throw new ParleyError('forbidden', 'You are no longer in this conversation.');
      // Whoever is blocked is not told so by this; it only goes nowhere.
      if (await blocks.isBlocked(call, item)) return;
      const others = present(item.members).flatMap(({ user_uuid }) => (user_uuid === call.user ? [] : [user_uuid]));
      bus.publish({ type: 'typing', to: others, body: { message_group_uuid: conversation, user_uuid: call.user } });
    }),
    live: live.listen,
    exportMe: createExport(options, { ...exportParts, allowed: served }),
    eraseMe: lifecycle.begin,
    close: live.close,
  };
  const importConversation = guarded(createImport(options, { log, people, appended }));
  return { messenger, fanout, lifecycle, importConversation };
};
