/** Whether the device has a network at all, as far as the browser knows; it says so sooner than a connection breaks. */
import { createSignal } from '#client/signal';

export const online = createSignal(() => navigator.onLine);

addEventListener('online', online.changed);
addEventListener('offline', online.changed);
