/**
 * The TLS certificate of a client, as the proxy passes it at which TLS ends: https://datatracker.ietf.org/doc/html/rfc9440,
 * or PEM as nginx escapes it. A certificate is no secret: whoever else could send the header would be anybody, so it
 * counts from the proxies' own addresses alone.
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isInForce } from '../auth/certified.ts';
import { plain } from './remote.ts';

export interface Passing {
  /** In lower case. */
  header: string;
  /** Addresses of the proxies. */
  proxies: readonly string[];
}

/** Characters. */
const LONGEST = 12_000;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const PEM = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

/** In force now. Undefined: there is none that counts. @param passing absent: none does */
export function clientCertificate(request: IncomingMessage, passing?: Passing): X509Certificate | undefined {
  const der = passed(request, passing);
  if (der === undefined) return undefined;
  try {
    const certificate = new X509Certificate(der);
    return isInForce(certificate, Date.now()) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

/** Its SHA-256, base64url: https://datatracker.ietf.org/doc/html/rfc8705#section-3.1 */
export function clientThumbprint(request: IncomingMessage, passing?: Passing): string | undefined {
  const der = passed(request, passing);
  return der && createHash('sha256').update(der).digest('base64url');
}

function passed({ headersDistinct, socket }: IncomingMessage, passing?: Passing): Buffer | undefined {
  if (passing === undefined || !passing.proxies.includes(plain(socket.remoteAddress ?? ''))) return undefined;
  const [sent, ...others] = headersDistinct[passing.header] ?? [];
  // of two, the client may have sent one
  if (sent === undefined || others.length > 0 || sent.length > LONGEST) return undefined;
  const text = /^:(.*):$/.exec(sent)?.[1] ?? PEM.exec(unescaped(sent))?.[1]?.replaceAll(/\s/g, '') ?? '';
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
