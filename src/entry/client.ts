/** `parley/client`: the SDK for browsers and Node. It depends on nothing but the protocol's types. */
export { ApiError } from '#client/failure';
export { type Api, createApi } from '#client/http';
export { OutboxFull } from '#client/outbox';
export { platformRuntime, type Runtime } from '#client/runtime';
export { createSession } from '#client/session';
export type { Inbox, InboxSnapshot, LiveState, Send, Session, Timeline, TimelineSnapshot } from '#client/view';
