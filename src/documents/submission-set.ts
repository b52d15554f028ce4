/**
 * The SubmissionSet that the server makes of a document that comes by itself.
 * https://profiles.ihe.net/ITI/MHD/ITI-105.html https://interop.esante.gouv.fr/ig/fhir/pdsm/st_ajout_simplifie.html
 */
import { createHash } from 'node:crypto';
import { items } from '../fhir/items.ts';
import type { Identifier, Json, Reference, Resource } from '../fhir/resource.ts';
import { LIST_TYPES } from '../fhir/lists.ts';
import { attachmentsOf } from './codes.ts';

const EXTENSIONS = 'https://profiles.ihe.net/ITI/MHD/StructureDefinition';
const RFC = 'urn:ietf:rfc:3986';

interface Made {
  id: string;
  /** FHIR instant. */
  at: string;
  /** Of the server. */
  base: string;
}

/** Pure. It names nobody whom the document doesn't. */
export function submissionSetOf(document: Resource, { id, at, base }: Made): Resource {
  const { type, category, subject, description, author, custodian } = document;
  const authors = items(author) as Reference[];
  const source = sourceIn(document, authors);
  const contained = source === undefined ? [] : containedIn(document, source);
  const [attachment] = attachmentsOf(document);
  const title = description ?? attachment?.title;
  return {
    resourceType: 'List',
    id,
    ...(contained.length === 0 ? {} : { contained }),
    extension: [
      designation(type ?? items(category)[0]),
      sourceId(document, (custodian as Reference | undefined) ?? authors[0], base),
    ].flat(),
    identifier: [{ use: 'usual', system: RFC, value: oidOf(id) }],
    status: 'current',
    mode: 'working',
    ...(typeof title === 'string' ? { title } : {}),
    code: { coding: [{ system: LIST_TYPES, code: 'submissionset' }] },
    subject,
    date: at,
    ...(source === undefined ? {} : { source }),
    entry: [{ item: { reference: `DocumentReference/${document.id}` } }],
  };
}

/** XDS wants an OID: one that nobody else makes. https://www.itu.int/rec/T-REC-X.667 */
function oidOf(id: string): string {
  const hex = createHash('sha256').update(id).digest('hex').slice(0, 32);
  return `urn:oid:2.25.${BigInt(`0x${hex}`)}`;
}

/** Whom R4 lets be the source of a List. */
const SOURCES = new Set(['Practitioner', 'PractitionerRole', 'Patient', 'Device']);

/** An organization is the author's, as MHD says it; a source that R4 has no word for is left out. */
function sourceIn(document: Resource, authors: readonly Reference[]): Json | undefined {
  const typed = authors.map((author) => ({ author, type: typeOf(document, author) }));
  const person = typed.find(({ type }) => SOURCES.has(type));
  if (person !== undefined) return { ...person.author };
  const organization = typed.find(({ type }) => type === 'Organization');
  if (organization === undefined) return undefined;
  return { extension: [{ url: `${EXTENSIONS}/ihe-authorOrg`, valueReference: organization.author }] };
}

function typeOf(document: Resource, { reference, type }: Reference): string {
  if (reference === undefined) return type ?? '';
  if (reference.startsWith('#')) return String(resourceAt(document, reference)?.resourceType);
  return /([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(\/_history\/[^/]+)?$/.exec(reference)?.[1] ?? '';
}

const designation = (concept: unknown): Json[] =>
  concept === undefined ? [] : [{ url: `${EXTENSIONS}/ihe-designationType`, valueCodeableConcept: concept }];

/** Whose software sent it is not told: whom the document names as responsible is. */
function sourceId(document: Resource, from: Reference | undefined, base: string): Json[] {
  if (from === undefined) return [];
  const { reference, identifier } = from;
  const [known] = reference?.startsWith('#') ? items(resourceAt(document, reference)?.identifier) : [];
  const absolute = reference !== undefined && !/^(#|[a-z][a-z\d+.-]*:)/i.test(reference);
  const valueIdentifier: Identifier | undefined =
    (known as Identifier | undefined) ??
    identifier ??
    (absolute ? { system: RFC, value: `${base}/${reference}` } : undefined);
  return valueIdentifier === undefined ? [] : [{ url: `${EXTENSIONS}/ihe-sourceId`, valueIdentifier }];
}

/** What of the contained a reference leads to, and that in turn. */
function containedIn(document: Resource, from: unknown): Json[] {
  const found = new Map<string, Json>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { reference } = value as { reference?: unknown };
    if (typeof reference === 'string' && reference.startsWith('#') && !found.has(reference)) {
      const resource = resourceAt(document, reference);
      if (resource !== undefined) {
        found.set(reference, resource);
        visit(resource);
      }
    }
    Object.values(value).forEach(visit);
  };
  visit(from);
  return [...found.values()];
}

const resourceAt = ({ contained }: Resource, reference: string): Json | undefined =>
  items(contained).find(({ id }) => `#${String(id)}` === reference);
