/**
 * What this server defines, read and searched from its files by every caller: it is no patient's.
 * https://hl7.org/fhir/R4/conformance-module.html
 */
import {
  type Conformance,
  type ConformanceType,
  FOLDERS,
  readConformance,
} from '../fhir/conformance/files.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json } from '../fhir/resource.ts';
import type { Answer, Exchange } from './exchange.ts';

const kept = new Map<ConformanceType, readonly Conformance[]>();

function all(type: ConformanceType): readonly Conformance[] {
  let found = kept.get(type);
  if (found === undefined) kept.set(type, (found = readConformance(type)));
  return found;
}

/** @throws FhirError 404 */
export function definition(type: ConformanceType, id: string): Conformance {
  const found = all(type).find((each) => each.id === id);
  if (found === undefined) throw new FhirError('not-found', 'not found');
  return found;
}

export async function readDefinition({ params }: Exchange): Promise<Answer> {
  return { status: 200, body: definition(typeIn(params.type), params.id!) };
}

type Matches = (resource: Conformance, value: string) => boolean;

const plain = (text: unknown): string =>
  typeof text === 'string' ? text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase() : '';

/** Other addresses that it stands for are found by `url` too. */
function isAt({ url, identifier, derivedFrom }: Conformance, value: string): boolean {
  const others = [identifier].flat().map((each) => (each as Json | undefined)?.value);
  return url === value || derivedFrom === value || others.includes(value);
}

const PARAMETERS: Readonly<Record<string, Matches>> = {
  _id: ({ id }, value) => id === value,
  url: isAt,
  version: ({ version }, value) => version === value,
  name: ({ name }, value) => plain(name).startsWith(plain(value)),
  status: ({ status }, value) => status === value,
};
export const DEFINITION_PARAMETERS = {
  _id: 'token',
  url: 'uri',
  version: 'token',
  name: 'string',
  status: 'token',
} as const;

const MOST = 1000;

export async function searchDefinitions(exchange: Exchange): Promise<Answer> {
  const { params, query, prefer, base } = exchange;
  const type = typeIn(params.type);
  let found = all(type);
  const understood: [string, string][] = [];
  const paging = { _count: 50, _offset: 0 };
  for (const [name, value] of query) {
    const matches = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (matches !== undefined) {
      const alternatives = value.split(',', 200);
      found = found.filter((each) => alternatives.some((one) => matches(each, one)));
    } else if (name === '_count' || name === '_offset') {
      if (!/^\d{1,9}$/.test(value)) throw new FhirError('value', `\`${name}\` is a whole number`);
      paging[name] = Math.min(Number(value), MOST);
    } else if (name === '_summary' && value === 'count') {
      paging._count = 0;
    } else if (prefer.handling === 'strict') {
      const allowed = [...Object.keys(PARAMETERS), '_count', '_offset', '_summary=count'].join(', ');
      throw new FhirError(
        'not-supported',
        `\`${name.slice(0, 60)}\` is not supported here; allowed: ${allowed}`,
      );
    } else continue;
    understood.push([name, value]);
  }
  const { _count: count, _offset: offset } = paging;
  const page = found.slice(offset, offset + count);
  const link = (relation: string, change: Record<string, string> = {}) => ({
    relation,
    url: addressOf(`${base}/${type}`, understood, change),
  });
  return {
    status: 200,
    body: {
      resourceType: 'Bundle',
      type: 'searchset',
      total: found.length,
      link: [
        link('self'),
        ...(page.length > 0 && offset + count < found.length
          ? [link('next', { _offset: String(offset + count) })]
          : []),
      ],
      ...(page.length === 0
        ? {}
        : {
            entry: page.map((resource) => ({
              fullUrl: `${base}/${type}/${resource.id}`,
              resource,
              search: { mode: 'match' },
            })),
          }),
    },
  };
}

function addressOf(path: string, query: readonly [string, string][], change: Record<string, string>): string {
  const fields = new URLSearchParams([...query]);
  for (const [name, value] of Object.entries(change)) fields.set(name, value);
  const text = fields.toString();
  return text === '' ? path : `${path}?${text}`;
}

function typeIn(type: string | undefined): ConformanceType {
  if (type !== undefined && Object.hasOwn(FOLDERS, type)) return type as ConformanceType;
  throw new FhirError('not-found', 'not found');
}
