/**
 * XDS metadata in ebRIM: what a SubmitObjectsRequest says, without judging it.
 * https://profiles.ihe.net/ITI/TF/Volume3/ch-4.2.html
 */
import { FhirError } from '../../fhir/outcome.ts';
import { type XmlElement, child, childrenOf, parseXml, textOf } from '../../fhir/xml-tree.ts';
import { SCHEME } from './schemes.ts';

/** A code with the name or OID of its system. */
export interface XdsCode {
  code: string;
  scheme: string;
  display?: string;
}

export interface XdsAuthor {
  persons: string[];
  institutions: string[];
  roles: string[];
  specialties: string[];
}

/** What documents, sets and folders have in common. */
export interface XdsObject {
  /** entryUUID. */
  id: string;
  uniqueId?: string;
  /** CX: `value^^^&oid&ISO`. */
  patientId?: string;
  status?: string;
  title?: string;
  comments?: string;
  slots: ReadonlyMap<string, readonly string[]>;
  codes: ReadonlyMap<keyof typeof SCHEME, readonly XdsCode[]>;
  authors: readonly XdsAuthor[];
}

export interface XdsDocument extends XdsObject {
  mimeType?: string;
  logicalId?: string;
}

export interface XdsAssociation {
  type: string;
  source: string;
  target: string;
}

export interface XdsMetadata {
  documents: XdsDocument[];
  sets: XdsObject[];
  folders: XdsObject[];
  associations: XdsAssociation[];
}

const MOST_OBJECTS = 20_000;

/** @throws FhirError when it is no such request */
export function readMetadata(bytes: Buffer): XdsMetadata {
  const lists = find(parseXml(bytes), 'RegistryObjectList');
  if (lists.length === 0)
    throw new FhirError('structure', 'no SubmitObjectsRequest: it has no RegistryObjectList');
  const objects = lists.flatMap(({ children }) =>
    children.filter((each): each is XmlElement => typeof each !== 'string'),
  );
  if (objects.length > MOST_OBJECTS)
    throw new FhirError('too-long', `the metadata has ${objects.length} objects; allowed: ${MOST_OBJECTS}`);
  const packages = objects.filter(({ name }) => name === 'RegistryPackage');
  const apart = objects.filter(({ name }) => name === 'Classification');
  const isA = (node: string) => (each: XmlElement) =>
    [...childrenOf(each, 'Classification'), ...apart].some(
      ({ attributes }) =>
        attributes.classificationNode === node && attributes.classifiedObject === each.attributes.id,
    );
  return {
    documents: objects.filter(({ name }) => name === 'ExtrinsicObject').map(documentOf),
    sets: packages.filter(isA(SUBMISSION_SET)).map(objectOf),
    folders: packages.filter(isA(FOLDER)).map(objectOf),
    associations: objects
      .filter(({ name }) => name === 'Association')
      .map(({ attributes: { associationType = '', sourceObject = '', targetObject = '' } }) => ({
        type: associationType.slice(associationType.lastIndexOf(':') + 1),
        source: sourceObject,
        target: targetObject,
      })),
  };
}

const SUBMISSION_SET = 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd';
const FOLDER = 'urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2';

/** Also inside a SOAP body or a ProvideAndRegisterDocumentSetRequest. */
function find(root: XmlElement, name: string, depth = 0): XmlElement[] {
  if (root.name === name) return [root];
  if (depth > 6) return [];
  return root.children.flatMap((each) => (typeof each === 'string' ? [] : find(each, name, depth + 1)));
}

function documentOf(element: XmlElement): XdsDocument {
  const { mimeType, lid } = element.attributes;
  return { ...objectOf(element), mimeType, ...(lid === undefined ? {} : { logicalId: lid }) };
}

const SCHEMES = new Map<string, keyof typeof SCHEME>(
  Object.entries(SCHEME).map(([name, id]) => [id, name as keyof typeof SCHEME]),
);

function objectOf(element: XmlElement): XdsObject {
  const identifiers = childrenOf(element, 'ExternalIdentifier').map((each) => ({
    kind: SCHEMES.get(each.attributes.identificationScheme ?? ''),
    value: each.attributes.value,
  }));
  const value = (...kinds: string[]) => identifiers.find(({ kind }) => kinds.includes(kind ?? ''))?.value;
  const codes = new Map<keyof typeof SCHEME, XdsCode[]>();
  const authors: XdsAuthor[] = [];
  for (const each of childrenOf(element, 'Classification')) {
    const kind = SCHEMES.get(each.attributes.classificationScheme ?? '');
    if (kind === undefined) continue;
    const slots = slotsOf(each);
    if (kind === 'author' || kind === 'setAuthor') {
      authors.push({
        persons: [...(slots.get('authorPerson') ?? [])],
        institutions: [...(slots.get('authorInstitution') ?? [])],
        roles: [...(slots.get('authorRole') ?? [])],
        specialties: [...(slots.get('authorSpecialty') ?? [])],
      });
      continue;
    }
    const display = localized(each, 'Name');
    const code = {
      code: each.attributes.nodeRepresentation ?? '',
      scheme: slots.get('codingScheme')?.[0] ?? '',
      ...(display === undefined ? {} : { display }),
    };
    codes.set(kind, [...(codes.get(kind) ?? []), code]);
  }
  return {
    id: element.attributes.id ?? '',
    uniqueId: value('uniqueId', 'setUniqueId', 'folderUniqueId'),
    patientId: value('patientId', 'setPatientId', 'folderPatientId'),
    status: element.attributes.status,
    title: localized(element, 'Name'),
    comments: localized(element, 'Description'),
    slots: slotsOf(element),
    codes,
    authors,
  };
}

function slotsOf(element: XmlElement): Map<string, string[]> {
  return new Map(
    childrenOf(element, 'Slot').map((slot) => [
      slot.attributes.name ?? '',
      childrenOf(child(slot, 'ValueList'), 'Value').flatMap((value) => textOf(value) ?? []),
    ]),
  );
}

function localized(element: XmlElement, name: string): string | undefined {
  return child(element, name, 'LocalizedString')?.attributes.value?.trim() || undefined;
}
