/** Which client certificate counts: the one that a proxy passes, from its own address, once. */
import type { IncomingMessage } from 'node:http';
import { X509Certificate } from 'node:crypto';
import { clientCertificate, clientThumbprint } from '../../src/http/client-certificate.ts';
import { CERTIFICATES, escaped, passed } from '../oauth/support/certificates.ts';

const PASSING = { header: 'client-cert', proxies: ['10.0.0.5', '::1'] };
const DER = Buffer.from(CERTIFICATES.hospital, 'base64');

const from = (remoteAddress: string | undefined, ...sent: string[]) =>
  ({
    socket: { remoteAddress },
    headersDistinct: sent.length === 0 ? {} : { 'client-cert': sent },
  }) as unknown as IncomingMessage;

it.each<[string, IncomingMessage]>([
  ['as RFC 9440 has it', from('10.0.0.5', passed('hospital'))],
  ['as nginx has it', from('10.0.0.5', escaped('hospital'))],
  ['as it stands in a file', from('10.0.0.5', new X509Certificate(DER).toString().replaceAll('\n', ' '))],
  ['by IPv6', from('::1', passed('hospital'))],
  ['by IPv4 in IPv6', from('::ffff:10.0.0.5', passed('hospital'))],
])('it counts %s', (_, request) => {
  const certificate = clientCertificate(request, PASSING);
  expect(certificate?.subject).toBe('CN=hospital');
  const digest = Buffer.from(certificate!.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  expect(clientThumbprint(request, PASSING)).toBe(digest);
});

it.each<[string, IncomingMessage]>([
  ['it comes from elsewhere', from('10.0.0.6', passed('hospital'))],
  ['it comes from an address that begins alike', from('10.0.0.51', passed('hospital'))],
  ['the socket is gone', from(undefined, passed('hospital'))],
  ['there is none', from('10.0.0.5')],
  ['it comes twice', from('10.0.0.5', passed('hospital'), passed('hospital'))],
  ['two stand in one header', from('10.0.0.5', `${passed('hospital')}, ${passed('stranger')}`)],
  ['two stand in one text', from('10.0.0.5', escaped('hospital') + escaped('stranger'))],
  ['it is empty', from('10.0.0.5', '::')],
  ['it is no base64', from('10.0.0.5', ':<script>:')],
  ['it isn’t escaped as it should be', from('10.0.0.5', '%E0%A4%A')],
  ['it has no end', from('10.0.0.5', `:${'A'.repeat(20_000)}:`)],
])('it doesn’t where %s', (_, request) => {
  expect(clientCertificate(request, PASSING)).toBeUndefined();
  expect(clientThumbprint(request, PASSING)).toBeUndefined();
});

it('it doesn’t where no proxy is named', () => {
  const request = from('10.0.0.5', passed('hospital'));
  expect([clientCertificate(request), clientThumbprint(request)]).toEqual([undefined, undefined]);
});

it('one that is over, or is none, shows nobody', () => {
  expect(clientCertificate(from('10.0.0.5', passed('expired')), PASSING)).toBeUndefined();
  expect(clientCertificate(from('10.0.0.5', ':bm90aGluZw==:'), PASSING)).toBeUndefined();
});
