/**
 * A client's key set, read where the operator allows: the connection goes to the address that was checked, no redirect
 * is followed, and size and time are bounded. https://datatracker.ietf.org/doc/html/rfc7517#section-5
 */
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { type Host, hostOf, isListed } from '../subscription/hosts.ts';
import { type Lookup, addressOf, lookup as systemLookup } from './subscriptions/address.ts';
import { connected } from './subscriptions/rest-hook.ts';

const WITHIN = 5_000;
const MOST_BYTES = 128 * 1024;
/** However long the answer says: a key that is withdrawn must not stay good. */
const FRESH_FOR = 'max-age=300';

export function keySetReader(hosts: readonly Host[], lookup: Lookup = systemLookup) {
  return async (address: string | URL | Request): Promise<Response> => {
    const url = new URL(address instanceof Request ? address.url : address);
    const host = hostOf(url);
    if (!/^https?:$/.test(url.protocol) || !isListed(hosts, host))
      throw new Error('the host of the key set is not listed');
    const socket = await connected(host, await addressOf(hosts, host, lookup));
    const { status, body } = await read(socket, url);
    return new Response(body, { status, headers: { 'cache-control': FRESH_FOR } });
  };
}

function read(socket: Socket, url: URL): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({
      createConnection: () => socket,
      method: 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, accept: 'application/json', connection: 'close', 'user-agent': 'Carnet' },
      maxHeaderSize: 16_384,
    });
    const late = setTimeout(() => sent.destroy(new Error('the key set took too long')), WITHIN);
    sent.on('error', (error) => {
      clearTimeout(late);
      socket.destroy();
      reject(error);
    });
    sent.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) sent.destroy(new Error('the key set is too large'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(late);
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.end();
  });
}
