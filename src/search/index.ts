/** What a resource is findable by: https://hl7.org/fhir/R4/search.html */
import type { Resource } from '../fhir/resource.ts';
import { canonicalOf, ownTerms } from './canonical.ts';
import { insidePairs, insideTerm, referredFurther, referredInside } from './contained.ts';
import { containedTerm, type IndexEntries } from './filter.ts';
import { bounded, collector, entriesOf, parametersOf } from './parameter.ts';
import { kinds } from './parameters/index.ts';

/** Raised when the extraction changes: what was written before must be indexed again. */
export const INDEX_VERSION = 7;

/** Kept by the store as they are. */
const KEPT = new Set(['_id', '_lastUpdated']);

/** `base`: the server's own, without a slash at the end; what lies below it is local. */
export function indexResource(resource: Resource, base = ''): IndexEntries {
  const into = collector(base);
  for (const parameter of parametersOf(resource.resourceType).values()) {
    if (KEPT.has(parameter.code)) continue;
    const nodes = parameter.select(resource, resource);
    if (nodes.length === 0) continue;
    bounded(nodes.length);
    const kind = kinds[parameter.type];
    if (kind.present?.(parameter, nodes, resource) ?? true) into.terms.add(`${parameter.code}:present`);
    kind.index(parameter, nodes, into, resource);
    if (parameter.type === 'reference') {
      for (const inner of referredInside(parameter, nodes, resource)) {
        const entries = indexResource({ ...inner, contained: undefined }, base);
        for (const term of [...entries.terms, ...entries.refs]) {
          into.terms.add(insideTerm(parameter.code, inner.resourceType, term));
        }
        into.pairs.push(...insidePairs(parameter.code, inner.resourceType, entries));
        for (const { through, further, by } of referredFurther(inner, resource)) {
          for (const term of termsBy(further, by, base)) {
            const name = insideTerm(through, further.resourceType, term);
            into.terms.add(insideTerm(parameter.code, inner.resourceType, name));
          }
        }
      }
    }
    bounded(into.terms.size + into.refs.size + into.pairs.length);
  }
  for (const type of containedTypes(resource)) {
    into.terms.add(containedTerm(type));
    into.ids.add(containedTerm(type));
  }
  for (const term of canonicalOf(resource).flatMap(ownTerms)) {
    into.terms.add(term);
    into.ids.add(term);
  }
  bounded(into.terms.size + into.refs.size + into.pairs.length);
  return entriesOf(into);
}

function termsBy(resource: Resource, codes: readonly string[], base: string): Set<string> {
  const into = collector(base);
  for (const code of codes) {
    const parameter = parametersOf(resource.resourceType).get(code);
    const nodes = parameter?.select(resource, resource) ?? [];
    if (parameter !== undefined && nodes.length > 0)
      kinds[parameter.type].index(parameter, nodes, into, resource);
  }
  return into.terms;
}

function containedTypes({ contained }: Resource): Set<string> {
  return new Set(
    (Array.isArray(contained) ? (contained as Resource[]) : []).map(({ resourceType }) => resourceType),
  );
}
