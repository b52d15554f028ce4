/**
 * From a method and a path to its route, for requests and for Bundle entries alike.
 * https://hl7.org/fhir/R4/http.html#general
 */
import { FhirError } from '../fhir/outcome.ts';
import { ID } from '../fhir/resource.ts';
import type { Params } from '../interaction/exchange.ts';
import { COMPARTMENTS, DEFINITIONS, type Route } from './routes.ts';

export const MAX_URL_LENGTH = 8_000;

export interface Match {
  route: Route;
  params: Params;
}

/** `path` is as sent, below the base, without query. */
export type Matcher = (method: string, path: string) => Match;

interface Pattern {
  segments: string[];
  /** by method */
  routes: Map<string, Route>;
}

/** One text for what is hidden, absent and impossible: https://hl7.org/fhir/R4/http.html#read */
export const notFound = (): FhirError => new FhirError('not-found', 'not found');

export function createMatcher(
  routes: readonly Route[],
  served: ReadonlySet<string>,
  known: ReadonlySet<string>,
): Matcher {
  const patterns = group(routes);

  const isDefinition = (type: string): boolean => DEFINITIONS.has(type) && !served.has(type);

  function requireServed(type: string): void {
    if (served.has(type) || DEFINITIONS.has(type)) return;
    const why = known.has(type)
      ? `type \`${type}\` is not served`
      : `\`${brief(type)}\` is not a resource type`;
    throw new FhirError('not-supported', why, { status: 404 });
  }

  return (method, path) => {
    const segments = split(path);
    const pattern = (patterns[segments.length] ?? []).find((candidate) =>
      fits(candidate.segments, segments, isDefinition),
    );
    if (!pattern) throw unknownAddress(segments, requireServed);
    const route = pattern.routes.get(method === 'HEAD' ? 'GET' : method);
    const params = bind(pattern.segments, segments, requireServed);
    if (!route) throw notAllowed(method, [...pattern.routes.keys()]);
    requireIds(params, method);
    return { route, params };
  };
}

function group(routes: readonly Route[]): Pattern[][] {
  const byPath = new Map<string, Pattern>();
  for (const route of routes) {
    const segments = route.path === '' ? [] : route.path.split('/');
    const pattern = byPath.get(route.path) ?? { segments, routes: new Map() };
    pattern.routes.set(route.method, route);
    byPath.set(route.path, pattern);
  }
  const groups: Pattern[][] = [];
  for (const pattern of byPath.values()) (groups[pattern.segments.length] ??= []).push(pattern);
  return groups;
}

function split(path: string): string[] {
  if (path.length > MAX_URL_LENGTH) throw overlong();
  return path === '' ? [] : path.split('/', 10).map(decodeSegment);
}

export const overlong = (): FhirError =>
  new FhirError('too-long', `the address is longer than ${MAX_URL_LENGTH} characters`, { status: 414 });

function decodeSegment(sent: string): string {
  let segment = sent;
  if (sent.includes('%')) {
    try {
      segment = decodeURIComponent(sent);
    } catch {
      throw new FhirError('invalid', 'the path holds malformed percent-encoding');
    }
  }
  if (segment === '' || segment === '.' || segment === '..' || /[\p{Cc}/\\]/u.test(segment)) {
    throw new FhirError('invalid', 'the path holds an empty segment, dots, slashes or control characters');
  }
  return segment;
}

function fits(pattern: string[], segments: string[], isDefinition: (type: string) => boolean): boolean {
  return pattern.every((part, i) => {
    const segment = segments[i]!;
    if (part === '[definition]') return isDefinition(segment);
    if (part === '[type]' || part === '[compartment]')
      return /^[A-Za-z]/.test(segment) && segment !== 'metadata' && !isDefinition(segment);
    if (part === '[id]' || part === '[vid]') return !/^[_$]/.test(segment);
    return part === segment;
  });
}

/** The type that stands for what is asked goes last: `Patient/x/DocumentReference` is about DocumentReference. */
function bind(pattern: string[], segments: string[], requireServed: (type: string) => void): Params {
  const params: Params = {};
  pattern.forEach((part, i) => {
    const segment = segments[i]!;
    if (part === '[type]' || part === '[definition]') {
      requireServed(segment);
      params.type = segment;
    } else if (part === '[compartment]') {
      requireServed(segment);
      if (!(COMPARTMENTS as readonly string[]).includes(segment)) {
        throw new FhirError(
          'not-supported',
          `\`${segment}\` is no compartment; allowed: ${COMPARTMENTS.join(', ')}`,
          {
            status: 404,
          },
        );
      }
      params.compartment = { type: segment, id: segments[i + 1]! };
    } else if (part === '[id]' && !params.compartment) params.id = segment;
    else if (part === '[vid]') params.vid = segment;
    else if (part.startsWith('$')) params.operation = part.slice(1);
    else if (/^[A-Z]/.test(part)) {
      requireServed(part);
      params.type = part;
    }
  });
  return params;
}

function requireIds(params: Params, method: string): void {
  for (const id of [params.id, params.vid, params.compartment?.id]) {
    if (id === undefined || ID.test(id)) continue;
    // What can't exist is read like what doesn't.
    if ((method === 'GET' || method === 'HEAD') && !params.compartment) throw notFound();
    throw new FhirError(
      'value',
      `\`${brief(id)}\` is not an id; allowed: 1 to 64 letters, digits, \`-\` and \`.\``,
    );
  }
}

function unknownAddress(segments: string[], requireServed: (type: string) => void): FhirError {
  const operation = segments.find((segment) => segment.startsWith('$'));
  if (operation) {
    return new FhirError('not-supported', `operation \`${brief(operation)}\` is not served here`, {
      status: 404,
    });
  }
  const [first] = segments;
  if (first && /^[A-Za-z]/.test(first) && first !== 'metadata') requireServed(first);
  return new FhirError('not-supported', 'nothing is served at this address', { status: 404 });
}

function notAllowed(method: string, allowed: string[]): FhirError {
  const list = allowed.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
  return new FhirError('not-supported', `method \`${brief(method)}\` is not allowed here; allowed: ${list}`, {
    status: 405,
    headers: { allow: list },
  });
}

const brief = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);
