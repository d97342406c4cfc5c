/** `parley`: the messenger. Give it a table, a keyring, a bus and a clock. */

export { createLocalBus } from '#bus/local';
export type { Bus } from '#bus/port';
export { createLocalCache } from '#cache/local';
export type { Cache } from '#cache/port';
export { createKmsWrapper } from '#crypto/kms-wrapper';
export { createLocalWrapper } from '#crypto/local-wrapper';
export type { Sealer } from '#crypto/port';
export { createSealer } from '#crypto/sealer';
export { createKeyring } from '#crypto/table-keyring';
export { type ErrorCode, ParleyError } from '#domain/errors';
export { conversationUuid, handle, messageUuid, userUuid } from '#domain/ids';
export { createMessenger, type MessengerOptions } from '#messenger/create';
export { startFeedRunner } from '#messenger/feed-runner';
export type { Call, Messenger } from '#messenger/messenger';
export { createPatterns } from '#store/patterns';
