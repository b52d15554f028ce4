/**
 * What the header of a CDA R2 document says of it, as a DocumentReference says it. Pure.
 * http://www.hl7.org/implement/standards/product_brief.cfm?product_id=7 and https://profiles.ihe.net/ITI/MHD/ITI-106.html
 */
import { humanName, identifierOf, isCda, patientOf, timeOf } from '../fhir/cda/people.ts';
import { FhirError } from '../fhir/outcome.ts';
import { present, some } from '../fhir/present.ts';
import type { Coding, Identifier, Json, Resource } from '../fhir/resource.ts';
import { type XmlElement, child, childrenOf, parseXml, textOf } from '../fhir/xml-tree.ts';
import { FORMATS, SUFFICIENT } from './codes.ts';
import { systemOf } from './xds/schemes.ts';

/** What a document says of itself; whose it is here is found by the identifiers of its patient. */
export interface Described {
  /** `system|value` of its patient, the national one first. */
  patient: readonly string[];
  document: Resource;
}

/** By the media type of what a level 1 document holds: https://profiles.ihe.net/fhir/ihe.formatcode.fhir/ */
const SCANNED: Readonly<Record<string, string>> = {
  'application/pdf': 'urn:ihe:iti:xds-sd:pdf:2008',
  'text/plain': 'urn:ihe:iti:xds-sd:text:2008',
};

/** @throws FhirError structure, invariant */
export function readCda(bytes: Buffer): Described {
  const cda = parseXml(bytes);
  if (!isCda(cda)) {
    throw new FhirError(
      'structure',
      'the content is no CDA document: its root is not a `ClinicalDocument` of HL7 v3',
    );
  }
  const masterIdentifier = identifierOf(child(cda, 'id'));
  const type = conceptOf(child(cda, 'code'));
  if (masterIdentifier === undefined) throw lacking('id');
  if (type === undefined) throw lacking('code');
  const role = child(cda, 'recordTarget', 'patientRole');
  if (role === undefined) throw lacking('recordTarget/patientRole');
  const contained: Resource[] = [patientOf(role)];
  const authors = childrenOf(cda, 'author').flatMap((each) =>
    referenced(contained, assigned(child(each, 'assignedAuthor'), contained.length)),
  );
  const custodian = referenced(
    contained,
    organizationOf(
      child(cda, 'custodian', 'assignedCustodian', 'representedCustodianOrganization'),
      contained.length,
    ),
  )[0];
  const authenticator = referenced(
    contained,
    assigned(child(cda, 'legalAuthenticator', 'assignedEntity'), contained.length),
  )[0];
  const made = timeOf(child(cda, 'effectiveTime'));
  const set = identifierOf(child(cda, 'setId'));
  const labels = childrenOf(cda, 'confidentialityCode').flatMap((each) => conceptOf(each) ?? []);
  const title = textOf(child(cda, 'title'));
  const attachment = {
    contentType: 'text/xml',
    language: child(cda, 'languageCode')?.attributes.code,
    title: title ?? (type.coding as Coding[])[0]?.display,
    creation: made,
  };
  const format = formatOf(cda);
  return {
    patient: childrenOf(role, 'id').flatMap((id) => nameOf(identifierOf(id))),
    document: present({
      resourceType: 'DocumentReference',
      contained,
      masterIdentifier,
      identifier: set === undefined ? undefined : [set],
      status: 'current',
      type,
      date: instantOf(made),
      author: some(authors),
      authenticator,
      custodian,
      relatesTo: some(childrenOf(cda, 'relatedDocument').flatMap(replacement)),
      description: title,
      securityLabel: some(labels),
      content: [present({ attachment: present(attachment), format })],
      context: contextOf(cda),
    }) as Resource,
  };
}

function contextOf(cda: XmlElement): Json {
  const events = childrenOf(cda, 'documentationOf').flatMap((each) => childrenOf(each, 'serviceEvent'));
  const [first] = events;
  const encounter = child(cda, 'componentOf', 'encompassingEncounter');
  const when = child(first, 'effectiveTime') ?? child(encounter, 'effectiveTime');
  const sector = child(
    first,
    'performer',
    'assignedEntity',
    'representedOrganization',
    'standardIndustryClassCode',
  );
  const start = timeOf(child(when, 'low')) ?? timeOf(when);
  const end = timeOf(child(when, 'high'));
  return present({
    event: some(events.flatMap((event) => conceptOf(child(event, 'code')) ?? [])),
    period: start === undefined && end === undefined ? undefined : present({ start, end }),
    facilityType: conceptOf(child(encounter, 'location', 'healthCareFacility', 'code')),
    practiceSetting: conceptOf(sector),
    sourcePatientInfo: { reference: '#patient' },
  });
}

/** A person, or the device or organization that made it. */
function assigned(entity: XmlElement | undefined, place: number): Resource | undefined {
  if (entity === undefined) return undefined;
  const id = `by-${place}`;
  const identifier = some(childrenOf(entity, 'id').flatMap((each) => identifierOf(each) ?? []));
  const person = child(entity, 'assignedPerson');
  if (person !== undefined) {
    const name = some(childrenOf(person, 'name').flatMap(humanName));
    return present({ resourceType: 'Practitioner', id, identifier, name }) as Resource;
  }
  const device = child(entity, 'assignedAuthoringDevice');
  if (device !== undefined) {
    const name = textOf(child(device, 'softwareName')) ?? textOf(child(device, 'manufacturerModelName'));
    const deviceName = name === undefined ? undefined : [{ name, type: 'user-friendly-name' }];
    return present({ resourceType: 'Device', id, identifier, deviceName }) as Resource;
  }
  return organizationOf(child(entity, 'representedOrganization'), place);
}

function organizationOf(element: XmlElement | undefined, place: number): Resource | undefined {
  if (element === undefined) return undefined;
  const identifier = some(childrenOf(element, 'id').flatMap((each) => identifierOf(each) ?? []));
  const name = textOf(child(element, 'name'));
  if (identifier === undefined && name === undefined) return undefined;
  return present({ resourceType: 'Organization', id: `by-${place}`, identifier, name }) as Resource;
}

/** Keeps it inside the document, and says where. */
function referenced(contained: Resource[], resource: Resource | undefined): Json[] {
  if (resource === undefined) return [];
  contained.push(resource);
  return [{ reference: `#${resource.id}` }];
}

function replacement(related: XmlElement): Json[] {
  const identifier = identifierOf(child(related, 'parentDocument', 'id'));
  if (related.attributes.typeCode !== 'RPLC' || identifier === undefined) return [];
  return [{ code: 'replaces', target: { type: 'DocumentReference', identifier } }];
}

function formatOf(cda: XmlElement): Coding {
  const held = child(cda, 'component', 'nonXMLBody', 'text')?.attributes.mediaType;
  const code = held === undefined ? undefined : SCANNED[held];
  return code === undefined ? SUFFICIENT : { system: FORMATS, code };
}

const nameOf = (identifier: Identifier | undefined): string[] =>
  identifier === undefined ? [] : [`${identifier.system}|${identifier.value}`];

function conceptOf(element: XmlElement | undefined): Json | undefined {
  const { code, codeSystem, displayName } = element?.attributes ?? {};
  if (code === undefined) return undefined;
  const system = codeSystem === undefined ? undefined : systemOf(codeSystem);
  return { coding: [present({ system, code, display: displayName })] };
}

/** An instant is whole. */
const instantOf = (time: string | undefined): string | undefined =>
  time === undefined || time.length < 10 ? undefined : time.length === 10 ? `${time}T00:00:00Z` : time;

const lacking = (what: string): FhirError =>
  new FhirError('business-rule', `the header of the CDA document has no usable \`${what}\``);
