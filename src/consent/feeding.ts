/** Who may deposit documents of which types, as the country's rules have it. Pure. */
import type { Coding, Json, Resource } from '../fhir/resource.ts';
import type { DocumentTypes } from './rules.ts';
import type { Role } from './subject.ts';

export interface Unfed {
  /** Of the type. */
  expression: string;
  /** `system|code` of the type that isn't the depositor's. */
  type: string;
  /** Codes of the types that the rules know, those that the depositor may use and the others. */
  allowed: readonly string[];
  barred: readonly string[];
}

/**
 * A type that the rules don't know is anybody's; so is that of a document which stays what it was. What a patient wrote
 * may be brought in by others: https://interop.esante.gouv.fr/ig/fhir/pdsm
 * @returns undefined: it may be deposited
 */
export function unfed(
  resource: Resource,
  before: Resource | undefined,
  role: Role,
  rules: DocumentTypes,
): Unfed | undefined {
  const found = documentsIn(resource, resource.resourceType);
  if (found.length === 0) return undefined;
  const had = before === undefined ? [] : documentsIn(before, before.resourceType);
  const kept = had.flatMap(({ document }) => typesOf(document, rules));
  for (const { document, expression } of found) {
    const fault = unfedOf(document, kept, role, rules);
    if (fault !== undefined) return { ...fault, expression: `${expression}.type` };
  }
  return undefined;
}

interface Found {
  document: Resource;
  expression: string;
}

/** It is a DocumentReference or a Composition, or a Bundle has Compositions: https://hl7.org/fhir/R4/documents.html */
export function documentsIn(resource: Resource, expression: string): Found[] {
  const { resourceType, entry } = resource;
  if (resourceType === 'DocumentReference' || resourceType === 'Composition')
    return [{ document: resource, expression }];
  if (resourceType !== 'Bundle' || !Array.isArray(entry)) return [];
  const entries = entry as { fullUrl?: unknown; resource?: Resource }[];
  return entries.flatMap(({ resource: each }, index) =>
    each === undefined || each.resourceType === 'DocumentReference'
      ? []
      : documentsIn(each, `${expression}.entry[${index}].resource`).map((found) => ({
          ...found,
          document: withAuthorsOf(found.document, entries),
        })),
  );
}

/** With its authors by what their entries are. */
function withAuthorsOf(
  document: Resource,
  entries: readonly { fullUrl?: unknown; resource?: Resource }[],
): Resource {
  if (!Array.isArray(document.author)) return document;
  const author = (document.author as Json[]).map((each) => {
    const named = entries.find(
      ({ fullUrl }) => fullUrl !== undefined && fullUrl === each.reference,
    )?.resource;
    return named === undefined ? each : { ...each, reference: `${named.resourceType}/${named.id ?? 'x'}` };
  });
  return { ...document, author };
}

function unfedOf(
  document: Resource,
  kept: readonly string[],
  role: Role,
  rules: DocumentTypes,
): Omit<Unfed, 'expression'> | undefined {
  const roles: readonly Role[] = isWrittenByLay(document) ? [role, 'patient'] : [role];
  const mayFeed = ({ feeders = rules.feeders }: Type): boolean =>
    roles.some((each) => feeders.includes(each));
  const known = byName(rules);
  const isBarred = (name: string): boolean => known.has(name) && !mayFeed(known.get(name)!);
  const found = typesOf(document, rules).find((name) => isBarred(name) && !kept.includes(name));
  if (found === undefined) return undefined;
  const codes = (may: boolean) => rules.types.filter((each) => mayFeed(each) === may).map(({ code }) => code);
  return { type: found, allowed: codes(true), barred: codes(false) };
}

type Type = DocumentTypes['types'][number];

/** @param name `system|code` */
export const typeNamed = (name: string, rules: DocumentTypes): Type | undefined => byName(rules).get(name);

const names = new WeakMap<DocumentTypes, ReadonlyMap<string, Type>>();

function byName(rules: DocumentTypes): ReadonlyMap<string, Type> {
  let known = names.get(rules);
  if (known === undefined)
    names.set(rules, (known = new Map(rules.types.map((each) => [nameOf(each), each]))));
  return known;
}

const nameOf = ({ system = '', code = '' }: Coding): string => `${system}|${code}`;

/** `system|code` of each coding. */
export function typesOf({ type }: Resource, { aliases = {} }: DocumentTypes): string[] {
  const codings = (type as Json | undefined)?.coding;
  return (Array.isArray(codings) ? (codings as Coding[]) : []).map(({ system = '', code }) =>
    nameOf({ system: aliases[system] ?? system, code }),
  );
}

/** By no professional, organization or device beside them. */
function isWrittenByLay({ author, contained }: Resource): boolean {
  const authors = Array.isArray(author) ? (author as Json[]) : [];
  const inside = Array.isArray(contained) ? (contained as Resource[]) : [];
  return authors.length > 0 && authors.every((each) => LAY.test(typeIn(each, inside)));
}

const LAY = /^(Patient|RelatedPerson)$/;

/** Of what a Reference names; empty: it doesn't say. */
function typeIn({ reference, type }: Json, contained: readonly Resource[]): string {
  if (typeof reference !== 'string') return typeof type === 'string' ? type : '';
  if (reference.startsWith('#'))
    return contained.find(({ id }) => id === reference.slice(1))?.resourceType ?? '';
  return /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(reference)?.[1] ?? '';
}
