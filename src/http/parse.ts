/** From what was sent to what is asked: route, parameters, preferences and body. https://hl7.org/fhir/R4/http.html */
import type { IncomingMessage } from 'node:http';
import { FhirError } from '../fhir/outcome.ts';
import type { Entry, Trace } from '../interaction/exchange.ts';
import { splitAddress, type Address } from './address.ts';
import { readBody } from './body.ts';
import type { Matcher } from './match.ts';
import { formOf, parsePrefer, requireForm, wants } from './negotiation.ts';
import { parseQuery } from './query.ts';
import type { Route } from './routes.ts';

type Query = [string, string][];

export interface Asked {
  route: Route;
  trace: Trace;
}

/** What of a request shapes its answer; filled while it is parsed. */
export interface Format {
  pretty: boolean;
  xml: boolean;
}

export interface ParseOptions {
  base: string;
  maxBodyBytes: number;
  match: Matcher;
}

export async function parse(
  request: IncomingMessage,
  address: Address,
  caller: Pick<Trace, 'subject' | 'ahead' | 'requestId' | 'traceId' | 'address'>,
  format: Format,
  options: ParseOptions,
): Promise<Asked> {
  const method = request.method ?? 'GET';
  if (address.path === undefined) {
    throw new FhirError('not-supported', 'nothing is served at this address', { status: 404 });
  }
  const { route, params } = options.match(method, address.path);
  const query = parseQuery(address.query);
  const isBinary = params.type === 'Binary';
  const isRead = route.interaction === 'read' || route.interaction === 'vread';
  const isOther = wants(route.forms, request.headers.accept, query);
  negotiate(request, query, format, { any: (isBinary && isRead) || isOther });
  const { body, fields } = await readBodyOf(request, route, options.maxBodyBytes, isBinary);
  if (fields.length > 0) negotiate(request, [...query, ...fields], format, { any: false });
  const trace: Trace = {
    method,
    url: urlOf(address),
    base: options.base,
    params,
    interaction: route.interaction,
    audit: route,
    query: withoutFormat([...query, ...fields]),
    format: query.find(([name]) => name === '_format')?.[1],
    header: (name) => headerOf(request, name),
    prefer: parsePrefer(headerOf(request, 'prefer')),
    body,
    ...caller,
  };
  return { route, trace };
}

function readBodyOf(request: IncomingMessage, route: Route, maxBytes: number, isBinary: boolean) {
  if (!route.body) return { body: undefined, fields: [] };
  const content = isBinary && (route.interaction === 'create' || route.interaction === 'update');
  return readBody(request, route.body, { maxBytes, content, streams: route.interaction === 'create' });
}

/** `_format` and `_pretty`; for content in any format Accept is left to the interaction. */
export function negotiate(
  request: IncomingMessage,
  query: Query,
  format: Format,
  { any }: { any: boolean },
): void {
  for (const [name, value] of query) {
    if (name !== '_pretty') continue;
    if (value === 'true') format.pretty = true;
    else if (value !== 'false' && parsePrefer(headerOf(request, 'prefer')).handling === 'strict') {
      throw new FhirError('invalid', '`_pretty` is `true` or `false`');
    }
  }
  const form = (any ? formOf : requireForm)(request.headers.accept, query);
  format.xml = form === 'xml';
}

/** An entry of a Bundle, matched and decoded as a request would be; the rest is the outer request's. */
export function parseEntry(entry: Entry, outer: Trace, match: Matcher): Asked {
  const isAbsolute = entry.url.startsWith(`${outer.base}/`);
  const address = splitAddress(isAbsolute ? entry.url.slice(outer.base.length) : `/${entry.url}`, '');
  const { route, params } = match(entry.method, address.path ?? '');
  if (route.interaction === 'transaction' || route.interaction === 'capabilities') {
    throw new FhirError('not-supported', 'an entry of a Bundle can be neither a Bundle nor `metadata`');
  }
  const { headers, body } = entry;
  if (!body && (route.body === 'resource' || route.body === 'patch')) {
    throw new FhirError('required', 'the entry needs a resource');
  }
  const trace: Trace = {
    ...outer,
    method: entry.method,
    url: urlOf(address),
    params,
    interaction: route.interaction,
    audit: route,
    query: withoutFormat(parseQuery(address.query)),
    assignedId: entry.assignedId,
    byCondition: entry.byCondition,
    header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
    prefer: headers.prefer === undefined ? outer.prefer : parsePrefer(headers.prefer),
    body,
  };
  return { route, trace };
}

const urlOf = ({ path = '', query }: Address): string => (query === '' ? path : `${path}?${query}`);

const isFormat = ([name]: [string, string]): boolean => name === '_format' || name === '_pretty';

const withoutFormat = (query: Query): Query =>
  query.some(isFormat) ? query.filter((pair) => !isFormat(pair)) : query;

export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  if (!Object.hasOwn(headers, name)) return undefined;
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
