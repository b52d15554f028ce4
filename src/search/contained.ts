/**
 * Chains into contained resources: what one of them is findable by is a term of the resource that contains it too,
 * `medication:Medication.code=…`. https://hl7.org/fhir/R4/search.html#contained
 */
import type { Resource } from '../fhir/resource.ts';
import type { Node } from './expression.ts';
import type { Filter } from './filter.ts';
import type { Parameter } from './parameter.ts';

/** Left out: a search by the patient is narrowed to those found, which contained ones would widen to everybody. */
const NOT_INSIDE = 'Patient';

export function insideTerm(param: string, type: string, term: string): string {
  return `${param}:${type}.${term}`;
}

/** The contained resources that a reference parameter's values refer to. */
export function referredInside({ target }: Parameter, nodes: Node[], { contained }: Resource): Set<Resource> {
  const ids = new Set(nodes.map(({ value }) => (value as { reference?: unknown } | null)?.reference));
  const all = Array.isArray(contained) ? (contained as Resource[]) : [];
  return new Set(
    all.filter(
      ({ resourceType, id }) =>
        ids.has(`#${id}`) && resourceType !== NOT_INSIDE && (target?.includes(resourceType) ?? true),
    ),
  );
}

/** What `filter` asks, of resources of `type` that are contained; nothing where terms alone can't tell. */
export function askInside(param: string, type: string, filter: Filter): Filter[] {
  const terms = type === NOT_INSIDE ? [] : termsOf(filter);
  return terms.length === 0
    ? []
    : [{ op: 'term', terms: terms.map((term) => insideTerm(param, type, term)) }];
}

function termsOf(filter: Filter): string[] {
  switch (filter.op) {
    case 'term':
      return filter.terms;
    case 'reference':
      return filter.targets.map((target) => `${filter.param}=${target}`);
    case 'or':
      return filter.of.flatMap(termsOf);
    default:
      return [];
  }
}
