/** Browsers' apps of registered origins: https://fetch.spec.whatwg.org/#http-cors-protocol */
import type { IncomingMessage } from 'node:http';
import { headerOf } from './parse.ts';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const SENT =
  'accept, accept-language, authorization, content-type, if-match, if-modified-since, if-none-exist, ' +
  'if-none-match, if-range, prefer, range, x-purpose-of-use, x-request-id, x-security-context';
const READ =
  'content-language, content-location, content-range, etag, last-modified, location, retry-after, ' +
  'www-authenticate, x-progress, x-request-id';
/** Seconds. */
const REMEMBERED = '600';

/** What tells a browser that it may; undefined: its origin isn't one of those, or none is named. */
export function corsOf(
  request: IncomingMessage,
  isRegistered: (origin: string) => boolean,
): Record<string, string> | undefined {
  const origin = headerOf(request, 'origin');
  if (origin === undefined || !isRegistered(origin)) return undefined;
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': READ };
}

/** A browser's question before the request itself. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Of what anybody reads from anywhere, and of the form to report an app. */
export const OPEN_PREFLIGHT: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST',
  'access-control-allow-headers': SENT,
  'access-control-max-age': REMEMBERED,
};

export const PREFLIGHT: Readonly<Record<string, string>> = {
  'access-control-allow-methods': METHODS,
  'access-control-allow-headers': SENT,
  'access-control-max-age': REMEMBERED,
};
