/**
 * Notifications over a connection that the subscriber holds:
 * https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/channels.html#websockets
 * A connection is nobody's until it binds with a token; without one it is closed.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { type Channel, Undelivered } from '../subscription/ports.ts';

export interface Sockets extends Channel {
  close(): void;
}

/** The Subscriptions that a token is for; none: it is no token, or was used. */
export type Bind = (token: string) => Promise<readonly string[]>;

const PATH = '/websocket';
const BIND = /^bind-with-token ([A-Za-z0-9_-]{20,100})$/;
const BIND_WITHIN = 10_000;
const MOST = 2_000;
/** Of them nobody's yet: one more closes the one that waits longest. */
const MOST_UNBOUND = 500;
/** Of one subscriber: who doesn't read holds nobody else up. */
const AT_ONCE = 16;
const PING_EVERY = 30_000;
/** Bytes that wait for a slow client, whatever is sent next; what is more closes it. */
const MOST_WAITING = 4 * 1024 * 1024;
/** https://datatracker.ietf.org/doc/html/rfc6455#section-7.4.1 */
const POLICY = 1008;

export const websocketOf = (base: string): string => `${base.replace(/^http/, 'ws')}${PATH}`;

export function sockets(server: Server, base: string, bind: Bind, waiting = MOST_WAITING): Sockets {
  const path = new URL(base).pathname.replace(/\/$/, '') + PATH;
  const bound = new Map<string, Set<WebSocket>>();
  const alive = new WeakSet<WebSocket>();
  /** In the order in which they came. */
  const unbound = new Set<WebSocket>();
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });

  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      again(server, request, socket, head);
      return;
    }
    socket.on('error', () => {});
    if (request.url !== path || upgrades.clients.size >= MOST) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    upgrades.handleUpgrade(request, socket, head, welcome);
  });

  function welcome(socket: WebSocket): void {
    const late = setTimeout(() => socket.close(POLICY, 'not bound'), BIND_WITHIN);
    const ids = new Set<string>();
    const [longest] = unbound;
    if (longest !== undefined && unbound.size >= MOST_UNBOUND) {
      unbound.delete(longest);
      longest.terminate();
    }
    unbound.add(socket);
    alive.add(socket);
    socket.on('pong', () => alive.add(socket));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearTimeout(late);
      unbound.delete(socket);
      for (const id of ids) {
        const others = bound.get(id);
        others?.delete(socket);
        if (others?.size === 0) bound.delete(id);
      }
    });
    let taking = Promise.resolve();
    socket.on('message', (data: Buffer) => {
      // one after the other: each asks the database, and the first in vain is the last
      taking = taking
        .then(() => take(String(data), socket, ids))
        .then(
          () => {
            clearTimeout(late);
            unbound.delete(socket);
          },
          () => socket.close(POLICY, 'not bound'),
        );
    });
  }

  async function take(message: string, socket: WebSocket, ids: Set<string>): Promise<void> {
    const token = BIND.exec(message)?.[1];
    const isOpen = socket.readyState === WebSocket.OPEN;
    const found = token === undefined || !isOpen ? [] : await bind(token);
    if (found.length === 0 || socket.readyState !== WebSocket.OPEN) throw new Undelivered('no such token');
    for (const id of found) {
      ids.add(id);
      bound.set(id, (bound.get(id) ?? new Set()).add(socket));
      socket.send(`bound ${id}`);
    }
  }

  const pinging = setInterval(() => {
    for (const socket of upgrades.clients) {
      if (alive.delete(socket)) socket.ping();
      else socket.terminate();
    }
  }, PING_EVERY);
  pinging.unref();

  return {
    atOnce: AT_ONCE,
    lane: (_, by) => `websocket ${by}`,
    isHere: (id) => bound.has(id),
    async reach({ timeout }, id) {
      const here = [...(bound.get(id) ?? [])];
      if (here.length === 0) throw new Undelivered('nobody is connected');
      return {
        async send({ body, kind }) {
          if (body === undefined && kind !== 'event-notification') return;
          const message = body?.toString() ?? `ping ${id}`;
          await Promise.any(here.map((socket) => sent(socket, message, timeout, waiting))).catch(() => {
            throw new Undelivered('nobody is connected');
          });
        },
        close() {},
      };
    },
    close() {
      clearInterval(pinging);
      for (const socket of upgrades.clients) socket.close(1001, 'the server stops');
      setTimeout(() => upgrades.clients.forEach((socket) => socket.terminate()), 500).unref();
      upgrades.close();
    },
  };
}

/**
 * Who listens for upgrades is handed all of them. What asks for another protocol, such as Java's clients for HTTP/2, is
 * read once more as if it hadn't. https://datatracker.ietf.org/doc/html/rfc9110#section-7.8
 */
function again(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (!UPGRADING.test(name)) lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

const UPGRADING = /^(upgrade|connection|http2-settings)$/i;

/** Who doesn't read is closed: nothing is lost by it, what wasn't taken is sent again at the next binding. */
function sent(socket: WebSocket, message: string, timeout: number, waiting: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.bufferedAmount > waiting) {
      socket.terminate();
      reject(new Undelivered('nobody is connected'));
      return;
    }
    const late = setTimeout(() => {
      socket.terminate();
      reject(new Undelivered('nobody is connected'));
    }, timeout);
    socket.send(message, (error) => {
      clearTimeout(late);
      if (error == null) resolve();
      else reject(error);
    });
  });
}
