/**
 * A DocumentEntry as a DocumentReference: https://profiles.ihe.net/ITI/MHD/32_fhir_maps.html and the French rules of
 * statuses, identifiers and dates.
 */
import type { Json, Resource } from '../../fhir/resource.ts';
import type { XdsAuthor, XdsCode, XdsDocument, XdsObject } from './metadata.ts';
import { type Ins, isPatient, organization, practitioner } from './people.ts';
import { systemOf } from './schemes.ts';

export interface Placed {
  ins: Ins;
  /** Logical ids that the resources get. */
  id: string;
  binary: string;
  /** Of the content. */
  size: number;
  sha1: string;
  /** Logical ids of the documents that it replaces, appends to or transforms. */
  related: readonly { code: 'replaces' | 'appends' | 'transforms'; id: string }[];
}

const ARCHIVED = 'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived';

/** What a status means here: FHIR's, and whether the document is archived. */
const STATUSES: Readonly<Record<string, { status: string; isArchived?: true }>> = {
  Approved: { status: 'current' },
  Deprecated: { status: 'superseded' },
  Archived: { status: 'current', isArchived: true },
  Deleted: { status: 'entered-in-error' },
};

/** Undefined: it is good. */
export function documentFault(entry: XdsDocument): string | undefined {
  if (entry.uniqueId === undefined) return 'the document has no uniqueId';
  if (entry.mimeType === undefined || entry.mimeType === '') return 'the document has no mimeType';
  if ((entry.codes.get('type') ?? []).length === 0) return 'the document has no typeCode';
  const name = statusOf(entry);
  if (STATUSES[name] === undefined) return `the status \`${name.slice(0, 64)}\` is not known`;
  for (const slot of ['creationTime', 'serviceStartTime', 'serviceStopTime']) {
    const value = first(entry, slot);
    if (value !== undefined && dateTime(value) === undefined)
      return `${slot} \`${value.slice(0, 32)}\` is no time`;
  }
  return undefined;
}

export function documentReference(entry: XdsDocument, placed: Placed): Resource {
  const { status, isArchived } = STATUSES[statusOf(entry)]!;
  const people = new People(placed.ins);
  const authors = entry.authors.flatMap((author) => people.authors(author));
  const legal = first(entry, 'legalAuthenticator');
  const institution = entry.authors.flatMap(({ institutions }) => institutions)[0];
  const created = dateTime(first(entry, 'creationTime') ?? '');
  const subject = patientRef(placed.ins);
  const start = dateTime(first(entry, 'serviceStartTime') ?? '');
  const end = dateTime(first(entry, 'serviceStopTime') ?? '');
  const context = {
    ...some('event', concepts(entry, 'event')),
    ...(start === undefined && end === undefined ? {} : { period: { start, end } }),
    ...one('facilityType', concepts(entry, 'facility')),
    ...one('practiceSetting', concepts(entry, 'setting')),
  };
  const authenticator = legal === undefined ? undefined : people.person(legal);
  const custodian = institution === undefined ? undefined : people.institution(institution);
  return {
    resourceType: 'DocumentReference',
    id: placed.id,
    ...some('contained', people.contained),
    ...(isArchived ? { extension: [{ url: ARCHIVED, valueBoolean: true }] } : {}),
    masterIdentifier: identifier(entry.uniqueId!),
    identifier: [
      ...new Set([entry.uniqueId!, entry.id, ...(entry.logicalId === undefined ? [] : [entry.logicalId])]),
    ]
      .filter((each) => each !== '')
      .map(identifier),
    status,
    ...one('type', concepts(entry, 'type')),
    ...some('category', concepts(entry, 'class')),
    subject,
    ...(created === undefined ? {} : { date: created }),
    ...some('author', authors),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(custodian === undefined ? {} : { custodian }),
    ...some(
      'relatesTo',
      placed.related.map(({ code, id }) => ({ code, target: { reference: `DocumentReference/${id}` } })),
    ),
    ...(entry.comments === undefined ? {} : { description: entry.comments }),
    ...some('securityLabel', concepts(entry, 'confidentiality')),
    content: [
      {
        attachment: {
          contentType: entry.mimeType,
          ...(first(entry, 'languageCode') === undefined ? {} : { language: first(entry, 'languageCode') }),
          url: `Binary/${placed.binary}`,
          size: placed.size,
          hash: placed.sha1,
          ...(entry.title === undefined ? {} : { title: entry.title }),
          ...(created === undefined ? {} : { creation: created }),
        },
        ...one('format', (entry.codes.get('format') ?? []).map(codingOf)),
      },
    ],
    ...(Object.keys(context).length > 0 ? { context } : {}),
  };
}

/** The SubmissionSet or Folder as a List. */
export function listOf(
  set: XdsObject,
  kind: 'submissionset' | 'folder',
  placed: { id: string; ins: Ins; documents: readonly string[] },
): Resource {
  const date = dateTime(first(set, kind === 'folder' ? 'lastUpdateTime' : 'submissionTime') ?? '');
  return {
    resourceType: 'List',
    id: placed.id,
    identifier: [set.uniqueId, set.id].flatMap((each) =>
      each === undefined || each === '' ? [] : [identifier(each)],
    ),
    status: 'current',
    mode: 'working',
    ...(set.title === undefined ? {} : { title: set.title }),
    code: { coding: [{ system: 'https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes', code: kind }] },
    subject: patientRef(placed.ins),
    ...(date === undefined ? {} : { date }),
    entry: placed.documents.map((id) => ({ item: { reference: `DocumentReference/${id}` } })),
  };
}

/** The transaction finds the one patient who has it. */
const patientRef = ({ system, value }: Ins) => ({ reference: `Patient?identifier=${system}|${value}` });

/** `urn:oasis:names:tc:ebxml-regrep:StatusType:Approved` */
const statusOf = ({ status = 'Approved' }: XdsDocument): string => status.slice(status.lastIndexOf(':') + 1);

export const first = ({ slots }: XdsObject, name: string): string | undefined => slots.get(name)?.[0];

function identifier(value: string): Json {
  const bare = value.split('^', 1)[0]!;
  return { system: 'urn:ietf:rfc:3986', value: bare.startsWith('urn:') ? bare : `urn:oid:${bare}` };
}

function concepts(
  entry: XdsObject,
  kind: 'type' | 'class' | 'confidentiality' | 'event' | 'facility' | 'setting',
): Json[] {
  return (entry.codes.get(kind) ?? []).map((code) => ({ coding: [codingOf(code)] }));
}

function codingOf({ code, scheme, display }: XdsCode): Json {
  return {
    ...(scheme === '' ? {} : { system: systemOf(scheme) }),
    code,
    ...(display === undefined ? {} : { display }),
  };
}

/** HL7 v2's `YYYY[MM[DD[hh[mm[ss]]]]]`, UTC as XDS has it. */
export function dateTime(dtm: string): string | undefined {
  const found = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?$/.exec(dtm);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute = '00', second = '00'] = found;
  const date = [year, month, day].filter((each) => each !== undefined).join('-');
  const text = hour === undefined ? date : `${date}T${hour}:${minute}:${second}Z`;
  return Number.isNaN(Date.parse(text)) ? undefined : text;
}

/** Contained resources, each once. */
class People {
  readonly contained: Resource[] = [];
  readonly #known = new Map<string, string>();
  readonly #ins: Ins;

  constructor(ins: Ins) {
    this.#ins = ins;
  }

  person(xcn: string): { reference: string } {
    if (isPatient(xcn, this.#ins)) return patientRef(this.#ins);
    return this.#add(xcn, 'person', practitioner);
  }

  institution(xon: string): { reference: string } {
    return this.#add(xon, 'organization', organization);
  }

  /** One role for each person, in the first of the institutions. */
  authors({ persons, institutions, roles, specialties }: XdsAuthor): { reference: string }[] {
    const [institution] = institutions.map((each) => this.institution(each));
    if (persons.length === 0) return institution === undefined ? [] : [institution];
    return persons.map((xcn) => {
      const person = this.person(xcn);
      if (!person.reference.startsWith('#')) return person;
      const id = `role-${this.contained.length + 1}`;
      this.contained.push({
        resourceType: 'PractitionerRole',
        id,
        practitioner: person,
        ...(institution === undefined ? {} : { organization: institution }),
        ...some('code', roles.map(coded)),
        ...some('specialty', specialties.map(coded)),
      });
      return { reference: `#${id}` };
    });
  }

  #add(text: string, name: string, made: (text: string, id: string) => Resource): { reference: string } {
    const known = this.#known.get(`${name} ${text}`);
    const id = known ?? `${name}-${this.contained.length + 1}`;
    if (known === undefined) {
      this.#known.set(`${name} ${text}`, id);
      this.contained.push(made(text, id));
    }
    return { reference: `#${id}` };
  }
}

/** `G15_10/SM26^Qualifié en médecine générale^1.2.250.1.213.1.1.4.5`, or a text. */
function coded(text: string): Json {
  const [code = '', display = '', scheme = ''] = text.split('^');
  if (scheme === '') return { text };
  return {
    coding: [
      { system: systemOf(scheme.split('&')[1] ?? scheme), code, ...(display === '' ? {} : { display }) },
    ],
  };
}

const some = (name: string, values: readonly unknown[]): Json =>
  values.length === 0 ? {} : { [name]: values };
const one = (name: string, values: readonly unknown[]): Json =>
  values.length === 0 ? {} : { [name]: values[0] };
