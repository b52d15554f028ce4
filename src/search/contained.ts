/**
 * Chains into contained resources: what one of them is findable by is a term of the resource that contains it too,
 * `medication:Medication.code=…`. https://hl7.org/fhir/R4/search.html#contained
 */
import type { Resource } from '../fhir/resource.ts';
import type { Node } from './expression.ts';
import type { IndexEntries } from './filter.ts';
import { type Parameter, parametersOf } from './parameter.ts';

/** Left out: a search by the patient is narrowed to those found, which contained ones would widen to everybody. */
export const NOT_INSIDE = 'Patient';

export function insideTerm(param: string, type: string, term: string): string {
  return `${param}:${type}.${term}`;
}

/** The contained resources that a reference parameter's values refer to. */
export function referredInside({ target }: Parameter, nodes: Node[], { contained }: Resource): Set<Resource> {
  const ids = new Set(
    nodes.map(({ value }) =>
      typeof value === 'string' ? value : (value as { reference?: unknown } | null)?.reference,
    ),
  );
  const all = Array.isArray(contained) ? (contained as Resource[]) : [];
  return new Set(
    all.filter(
      ({ resourceType, id }) =>
        ids.has(`#${id}`) && resourceType !== NOT_INSIDE && (target?.includes(resourceType) ?? true),
    ),
  );
}

/**
 * Whom a role is of, and for whom: one link further, since who wrote a document is often told by three contained resources.
 * https://interop.esante.gouv.fr/ig/fhir/pdsm/st_recherche_fiche.html
 */
const FURTHER: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  PractitionerRole: {
    practitioner: ['family', 'given', 'identifier'],
    organization: ['name', 'identifier'],
  },
};

export function isFurther(type: string, through: string, code: string): boolean {
  return FURTHER[type]?.[through]?.includes(code) === true;
}

/** Of a contained resource, what is contained beside it and that it refers to, with the parameters that it is found by. */
export function referredFurther(
  inner: Resource,
  container: Resource,
): { through: string; further: Resource; by: readonly string[] }[] {
  return Object.entries(FURTHER[inner.resourceType] ?? {}).flatMap(([through, by]) => {
    const parameter = parametersOf(inner.resourceType).get(through);
    if (parameter === undefined) return [];
    const found = referredInside(parameter, parameter.select(inner, inner), container);
    return [...found].map((further) => ({ through, further, by }));
  });
}

/** Its dates, numbers and quantities, as pairs of the resource that contains it. */
export function insidePairs(
  param: string,
  type: string,
  { ranges, pairs }: Pick<IndexEntries, 'ranges' | 'pairs'>,
): IndexEntries['pairs'] {
  return [
    ...pairs.map((pair) => ({ ...pair, t: insideTerm(param, type, pair.t) })),
    ...Object.entries(ranges).flatMap(([code, each]) =>
      each.map((range) => ({ t: insideTerm(param, type, rangeTerm(code)), ...range })),
    ),
  ];
}

export const rangeTerm = (code: string): string => `${code}:range`;
