/** References by their form and the type they point at, never by what exists: https://hl7.org/fhir/R4/references.html */
import { isResourceType } from '../definitions/index.ts';
import type { Issue } from '../outcome.ts';
import { ID } from '../resource.ts';
import type { Json } from '../resource.ts';
import { show } from './path.ts';
import type { Scope } from './scope.ts';

type Fault = Pick<Issue, 'code' | 'text'>;

/** `targets`: the types allowed; undefined: any. */
export function referenceFault(
  value: Json,
  targets: readonly string[] | undefined,
  scope: Scope,
): Fault | undefined {
  const { reference, type } = value;
  if (typeof type === 'string' && !type.includes(':') && !isResourceType(type)) {
    return { code: 'value', text: `${show(type)} is no resource type` };
  }
  const pointed = typeof reference === 'string' ? target(reference, scope) : undefined;
  if (typeof pointed === 'object') return pointed;
  if (pointed !== undefined && typeof type === 'string' && isResourceType(type) && type !== pointed) {
    return {
      code: 'value',
      text: `reference ${show(reference)} is to ${pointed}, but its type says ${show(type)}`,
    };
  }
  const found = pointed ?? (typeof type === 'string' && isResourceType(type) ? type : undefined);
  if (found === undefined || targets === undefined || targets.includes(found)) return undefined;
  return {
    code: 'value',
    text: `reference to ${found}, ${show(reference ?? type)}; allowed: ${targets.join(', ')}`,
  };
}

/** The type pointed at, when the reference tells; a fault when its form is none of R4's. */
function target(reference: string, scope: Scope): string | Fault | undefined {
  if (reference.startsWith('#')) return known(scope.contained.get(reference.slice(1)));
  if (reference.startsWith('urn:')) return known(scope.fullUrls.get(reference));
  if (/^[a-z][a-z0-9+.-]{0,31}:/i.test(reference)) return typed(reference);
  const query = reference.indexOf('?');
  const type = query < 0 ? typed(reference) : reference.slice(0, query);
  // https://hl7.org/fhir/R4/http.html#trules
  if (query >= 0 && !scope.isBundled)
    return { code: 'value', text: `${show(reference)} is a search: only a transaction resolves one` };
  if (type !== undefined && isResourceType(type) && (query >= 0 || !isAbsolutePath(reference))) return type;
  return {
    code: 'value',
    text: `${show(reference)} is no reference; allowed: Type/id of a resource type, an absolute address, urn:uuid:…, #id of a contained resource`,
  };
}

const known = (type: string | undefined): string | undefined =>
  type !== undefined && isResourceType(type) ? type : undefined;

const isAbsolutePath = (reference: string): boolean =>
  reference.split('/', 5).length > 4 || reference.startsWith('/');

/** `Patient` for what ends in `Patient/x` or `Patient/x/_history/1`. */
function typed(reference: string): string | undefined {
  const parts = reference.split('/').slice(-4);
  if (parts.at(-2) === '_history' && ID.test(parts.at(-1)!)) parts.splice(-2);
  const [type = '', id = ''] = parts.slice(-2);
  return isResourceType(type) && ID.test(id) ? type : undefined;
}
