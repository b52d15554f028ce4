/** The class of a document is that of its type, as the country's rules have it. Pure. */
import type { Coding, Json, Resource } from '../fhir/resource.ts';
import { documentsIn, typeNamed, typesOf } from './feeding.ts';
import type { DocumentTypes } from './rules.ts';

export interface Misclassed {
  /** Of the class. */
  expression: string;
  /** Codes. */
  found: string;
  type: string;
  allowed: readonly string[];
}

/**
 * A type or a class that the rules don't know contradicts nothing; nor does what the document said before.
 * https://mos.esante.gouv.fr/NOS/ASS_X16-CorrespondanceType-Classe-DMP/FHIR/ASS-X16-CorrespondanceType-Classe-DMP
 * @returns undefined: each class of the rules' system is that of its type
 */
export function misclassed(
  resource: Resource,
  before: Resource | undefined,
  rules: DocumentTypes,
): Misclassed | undefined {
  if (rules.classSystem === undefined) return undefined;
  const had = before === undefined ? [] : documentsIn(before, before.resourceType);
  const kept = new Set(had.flatMap(({ document }) => contradictions(document, rules).map(nameOf)));
  for (const { document, expression } of documentsIn(resource, resource.resourceType)) {
    const found = contradictions(document, rules).find((each) => !kept.has(nameOf(each)));
    if (found !== undefined) return { ...found, expression: `${expression}.category` };
  }
  return undefined;
}

type Contradiction = Omit<Misclassed, 'expression'>;

const nameOf = ({ found, type }: Contradiction): string => `${found} of ${type}`;

function contradictions(document: Resource, rules: DocumentTypes): Contradiction[] {
  const types = typesOf(document, rules).flatMap((name) => typeNamed(name, rules) ?? []);
  const allowed = [...new Set(types.flatMap((each) => each.class ?? []))];
  // one that the national map leaves without a class may be of any
  if (allowed.length === 0 || types.some((each) => each.class === undefined)) return [];
  const type = types.map(({ code }) => code).join(', ');
  return classesOf(document, rules)
    .filter((found) => !allowed.includes(found))
    .map((found) => ({ found, type, allowed }));
}

/** Codes of the rules' system of classes, under any of its names. */
function classesOf({ category }: Resource, { classSystem, aliases = {} }: DocumentTypes): string[] {
  const concepts = Array.isArray(category) ? (category as Json[]) : [];
  return concepts
    .flatMap(({ coding }) => (Array.isArray(coding) ? (coding as Coding[]) : []))
    .filter(({ system = '' }) => (aliases[system] ?? system) === classSystem)
    .map(({ code = '' }) => code);
}
