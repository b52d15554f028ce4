/**
 * The driver (7.8.0) waits for a connection to drain even when it has just been lost, and then waits for good: what
 * was asked would never be answered. So a lost connection says that it takes everything, and the driver goes on to
 * find it closed. https://nodejs.org/docs/latest-v20.x/api/diagnostics_channel.html#net
 *
 * What is connected by TLS isn't told on that channel: `tls.connect` itself is wrapped, as the driver calls it.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import tls from 'node:tls';

const CHANNEL = 'net.client.socket';
const WATCHED = Symbol.for('carnet.lost-sockets');

/** For connections made from now on, once for a process. */
export function answerForLostSockets(): void {
  const process = globalThis.process as { [WATCHED]?: boolean };
  if (process[WATCHED] === true) return;
  process[WATCHED] = true;
  subscribe(CHANNEL, (message) => answerFor((message as { socket: Socket }).socket));
  const connect = tls.connect as (...args: unknown[]) => tls.TLSSocket;
  tls.connect = (...args: unknown[]) => {
    const socket = connect(...args);
    answerFor(socket);
    return socket;
  };
}

function answerFor(socket: Socket & { [WATCHED]?: boolean }): void {
  if (socket[WATCHED] === true) return;
  socket[WATCHED] = true;
  socket.once('close', () => socket.emit('drain'));
  // connecting sets the method anew
  socket.once('connect', () => {
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]) => write(...args) || socket.destroyed || socket.writableEnded;
  });
}
