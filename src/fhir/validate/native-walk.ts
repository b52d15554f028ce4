/** Invariants over all descendants, in one walk: https://hl7.org/fhir/R4/domainresource.html#invs */
import type { Json } from '../resource.ts';
import { structureOf, typeOf } from './path.ts';

const ADDRESSES: ReadonlySet<string> = new Set(['canonical', 'uri', 'url']);

/** dom-3: each contained resource is referred to from the resource, or refers to it. */
export function isContainedReferred(resource: Json): boolean {
  if (resource.contained === undefined) return true;
  const referred = new Set<string>();
  collectAddresses(resource, resource.resourceType as string, referred);
  return (resource.contained as Json[]).every(({ id, ...contained }) => {
    if (typeof id === 'string' && referred.has(`#${id}`)) return true;
    const own = new Set<string>();
    collectAddresses(contained, contained.resourceType as string, own);
    return own.has('#');
  });
}

/** What `Reference.reference` and the address types hold and begins with `#`. */
function collectAddresses(value: Json, type: string, found: Set<string>): void {
  const structure = structureOf(type);
  if (structure === undefined) return;
  for (const key in value) {
    const ref = typeOf(structure, key);
    if (ref === undefined) continue;
    const isAddress = ADDRESSES.has(ref) || (type === 'Reference' && key === 'reference');
    for (const item of Array.isArray(value[key]) ? (value[key] as unknown[]) : [value[key]]) {
      if (isAddress && typeof item === 'string' && item.startsWith('#')) found.add(item);
      else if (typeof item === 'object' && item !== null) {
        collectAddresses(
          item as Json,
          ref === 'Resource' ? ((item as Json).resourceType as string) : ref,
          found,
        );
      }
    }
  }
}

/** que-2, csd-1: a value that no two of the nested items share. */
function isDistinct(value: Json, nested: string, name: string, seen: Set<string>): boolean {
  const items = value[nested];
  if (!Array.isArray(items)) return true;
  return (items as Json[]).every((item) => {
    const key = item[name];
    if (typeof key === 'string' && (seen.has(key) || !seen.add(key))) return false;
    return isDistinct(item, nested, name, seen);
  });
}

export const hasDistinctLinkIds = (questionnaire: Json): boolean =>
  isDistinct(questionnaire, 'item', 'linkId', new Set());
export const hasDistinctConcepts = (codeSystem: Json): boolean =>
  isDistinct(codeSystem, 'concept', 'code', new Set());

/** sdf-8, sdf-8a: all elements stand below the first one's root, which fits the type. */
export function isRooted(view: Json, structure: Json, fits: (path: string) => boolean): boolean {
  const paths = ((view.element ?? []) as Json[]).map(({ path }) => (typeof path === 'string' ? path : ''));
  const [first = '', ...rest] = paths;
  const root = `${first.split('.')[0]}.`;
  return (structure.kind === 'logical' || fits(first)) && rest.every((path) => path.startsWith(root));
}
