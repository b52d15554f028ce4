/**
 * https://hl7.org/fhir/R4/subscription.html#2.46.7.1: one request to the subscriber's endpoint. It is connected to
 * before anything is numbered; nothing is followed, and of the answer only the status is read.
 */
import { request } from 'node:http';
import { type Socket, connect as connectPlain, isIP } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { type Host, hostOf, isListed } from '../../subscription/hosts.ts';
import type { Plan } from '../../subscription/plan.ts';
import { type Channel, type Notification, type Reached, Undelivered } from '../../subscription/ports.ts';
import { type Lookup, addressOf, lookup as systemLookup } from './address.ts';

const CONNECT_WITHIN = 5_000;
const FHIR_JSON = 'application/fhir+json; charset=utf-8';
/** The endpoint is gone for good. */
const GONE = 410;

type Hook = Extract<Plan['target'], { kind: 'rest-hook' }>;

/** @param ca who signs certificates; those whom Node trusts unless given */
export function restHook(hosts: readonly Host[], lookup: Lookup = systemLookup, ca?: string): Channel {
  return {
    atOnce: 4,
    lane({ target }) {
      if (target.kind !== 'rest-hook') return '';
      const { name, port } = hostOf(new URL(target.endpoint));
      return `${name}:${port}`;
    },
    isHere: () => true,
    async reach({ target, timeout }) {
      if (target.kind !== 'rest-hook') throw new Error('no rest-hook');
      const url = new URL(target.endpoint);
      const host = hostOf(url);
      if (!isListed(hosts, host)) throw new Undelivered('the host of the endpoint may not be told anything');
      const address = await within(addressOf(hosts, host, lookup), CONNECT_WITHIN);
      const socket = await connected(host, address, ca);
      return reached(socket, url, target, timeout);
    },
  };
}

/** To this very address. @throws Undelivered */
export function connected({ secure, name, port }: Host, address: string, ca?: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // a certificate is of the name, not of the address that it leads to
    const socket = secure
      ? connectSecure({
          host: address,
          port,
          servername: isIP(name) === 0 ? name : '',
          ALPNProtocols: ['http/1.1'],
          ca,
        })
      : connectPlain({ host: address, port });
    const late = setTimeout(() => socket.destroy(new Error('late')), CONNECT_WITHIN);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(late);
      resolve(socket);
    });
    // the listener for errors stays: one that comes later is told by the request
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(late);
      reject(new Undelivered('the endpoint could not be connected to'));
    });
  });
}

function reached(first: Socket, url: URL, target: Hook, timeout: number): Reached {
  return {
    send: (notification) => send(first, url, target, timeout, notification),
    close: () => void first.destroy(),
  };
}

function send(
  socket: Socket,
  url: URL,
  { headers }: Hook,
  timeout: number,
  { body, about }: Notification,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // R4: a resource is written to the endpoint as to a FHIR server
    const path = about === undefined ? url.pathname : `${url.pathname.replace(/\/$/, '')}/${about}`;
    const sent = request({
      createConnection: () => socket,
      method: about === undefined ? 'POST' : 'PUT',
      path: `${path}${url.search}`,
      headers: {
        ...Object.fromEntries(headers),
        host: url.host,
        connection: 'close',
        'user-agent': 'Carnet',
        'content-length': body?.length ?? 0,
        ...(body === undefined ? {} : { 'content-type': FHIR_JSON }),
      },
      maxHeaderSize: 16_384,
    });
    const late = setTimeout(() => sent.destroy(new Error('late')), timeout);
    const end = (fault?: Undelivered): void => {
      clearTimeout(late);
      sent.destroy();
      if (fault === undefined) resolve();
      else reject(fault);
    };
    sent.once('response', ({ statusCode = 0 }) => {
      if (statusCode >= 200 && statusCode < 300) end();
      else end(new Undelivered(`the endpoint answered ${statusCode}`, statusCode === GONE));
    });
    sent.on('error', () => {});
    // after each error, and where there is none: an answer of 101 ends without
    sent.once('close', () => end(new Undelivered('the endpoint did not answer')));
    sent.end(body);
  });
}

async function within<T>(work: Promise<T>, time: number): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  const never = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Undelivered('the host of the endpoint was not found')), time);
  });
  try {
    return await Promise.race([work, never]);
  } finally {
    clearTimeout(late);
  }
}
