/**
 * Connections that were opened and never used, as browsers open ahead of need. The server's own closing waits for their first
 * request until it times out; a stop must not.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Returns the function that closes them. */
export const watchUnusedSockets = (server: Server): (() => void) => {
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request) => unused.delete(request.socket));
  return () => {
    for (const socket of unused) socket.destroy();
  };
};
