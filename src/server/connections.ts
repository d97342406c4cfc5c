/**
 * Connections at a stop. The server's own closing waits for connections on which a request is under way, rightly; but also for
 * those that were opened and never used, as browsers open ahead of need, and for those that fall idle a moment later.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How often, during a stop, connections that have fallen idle are closed. */
const sweepMs = 50;

/** Returns the function that begins to close connections without a request; what it returns ends that. */
export const watchConnections = (server: Server): (() => () => void) => {
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request) => unused.delete(request.socket));
  return () => {
    for (const socket of unused) socket.destroy();
    const timer = setInterval(() => server.closeIdleConnections(), sweepMs);
    return () => clearInterval(timer);
  };
};
