/** Where a request comes from: what a caller says of that counts only as far as proxies in front have said it. */
import type { IncomingMessage } from 'node:http';
import { remoteAddress } from '../../src/http/remote.ts';

const from = (remote: string | undefined, forwarded?: string) =>
  ({
    socket: { remoteAddress: remote },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

it.each<[string, number, string | undefined, string | undefined, string]>([
  ['nobody stands in front', 0, '192.0.2.1', undefined, '192.0.2.1'],
  ['nobody stands in front, and the caller lies', 0, '192.0.2.1', '203.0.113.9', '192.0.2.1'],
  ['one proxy wrote it', 1, '10.0.0.1', '192.0.2.1', '192.0.2.1'],
  ['one proxy wrote it behind a lie', 1, '10.0.0.1', '203.0.113.9, 192.0.2.1', '192.0.2.1'],
  ['two proxies wrote it behind a lie', 2, '10.0.0.1', '203.0.113.9, 192.0.2.1, 10.0.0.2', '192.0.2.1'],
  ['the proxy wrote nothing', 1, '10.0.0.1', undefined, '10.0.0.1'],
  ['fewer proxies wrote than stand there', 2, '10.0.0.1', '192.0.2.1', '10.0.0.1'],
  ['what is written is no address', 1, '10.0.0.1', '<b>secret</b>', '10.0.0.1'],
  ['the socket speaks of IPv4 in IPv6', 0, '::ffff:192.0.2.1', undefined, '192.0.2.1'],
  ['it is IPv6', 1, '::1', '2001:db8::7', '2001:db8::7'],
  ['the socket is gone', 0, undefined, undefined, ''],
])('when %s', (_, proxies, near, forwarded, wanted) => {
  expect(remoteAddress(from(near, forwarded), proxies)).toBe(wanted);
});
