/** Where a request comes from. What a caller says of that is believed only as far as proxies in front have said it. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * @param proxies how many stand in front: the last of them wrote the last address of `X-Forwarded-For`, and so on.
 * With none the header is what the caller made up.
 */
export function remoteAddress({ headers, socket }: IncomingMessage, proxies: number): string {
  const near = socket.remoteAddress ?? '';
  if (proxies === 0) return plain(near);
  const sent = headers['x-forwarded-for'];
  const written = typeof sent === 'string' ? sent.split(',') : [];
  const far = written.at(-proxies)?.trim() ?? '';
  return plain(isIP(far) === 0 ? near : far);
}

/** https://datatracker.ietf.org/doc/html/rfc4291#section-2.5.5.2 */
export function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
