/** Bundles, documents and submission sets as a hospital's software makes them. */
import { createHash, randomUUID } from 'node:crypto';
import type { Json, Resource } from '../../src/fhir/resource.ts';

export const MHD = 'https://profiles.ihe.net/ITI/MHD';
export const PDSM = 'https://interop.esante.gouv.fr/ig/fhir/pdsm';
export const ARCHIVED = `${PDSM}/StructureDefinition/pdsm-ext-is-archived`;
export const V3 = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
export const VISIBILITY =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
const RFC = 'urn:ietf:rfc:3986';

/** A type of documents that patients and who speaks for them may feed, with the class of `document`. */
export const OF_PATIENTS = ofPatients('DOCPAT03');

export function ofPatients(code: string): Json {
  return {
    coding: [
      {
        system:
          'https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaireCISIS/FHIR/TRE-A05-TypeDocComplementaireCISIS',
        code,
      },
    ],
  };
}

export const uuid = (): string => `urn:uuid:${randomUUID()}`;
/** An OID of its own, as XDS wants uniqueIds. */
export const oid = (): string => `urn:oid:2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;
export const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('base64');
export const label = (system: string, code: string): Json => ({ coding: [{ system, code }] });

export function document(of: string, more: Json = {}): Resource {
  return {
    resourceType: 'DocumentReference',
    masterIdentifier: { system: RFC, value: oid() },
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] },
    category: [
      {
        coding: [
          {
            system: 'https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument',
            code: '10',
          },
        ],
      },
    ],
    subject: { reference: of },
    date: '2026-05-02T10:00:00+02:00',
    author: [{ reference: 'Organization/demo-hospital' }],
    custodian: { reference: 'Organization/demo-hospital' },
    securityLabel: [label(V3, 'N')],
    content: [
      {
        attachment: {
          contentType: 'text/plain',
          language: 'fr-FR',
          title: 'Compte rendu',
          creation: '2026-05-02T10:00:00+02:00',
        },
        format: {
          system: 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode',
          code: 'urn:ihe:iti:xds:2017:mimeTypeSufficient',
        },
      },
    ],
    context: {
      period: { start: '2026-05-01' },
      facilityType: { coding: [{ system: 'urn:oid:1.2.250.1.71.4.2.4', code: 'SA01' }] },
      practiceSetting: { coding: [{ system: 'urn:oid:1.2.250.1.213.1.1.4.9', code: 'ETABLISSEMENT' }] },
      sourcePatientInfo: { reference: of },
    },
    ...more,
  };
}

/** With its content in itself, as ITI-105 wants it. */
export function inline(of: string, text: string, more: Json = {}): Resource {
  const made = document(of, more);
  const [{ attachment }] = made.content as [{ attachment: Json }];
  attachment.data = Buffer.from(text).toString('base64');
  return made;
}

interface Sent {
  of: string;
  text: string;
  more?: Json;
  /** Of the attachment. */
  attachment?: Json;
  /** Of the SubmissionSet. */
  set?: Json;
  /** Entries beside. */
  also?: Json[];
  folder?: boolean;
}

export const post = (resource: Resource, fullUrl = uuid()): Json => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: resource.resourceType },
});

const EXTENSIONS = `${MHD}/StructureDefinition`;
const SOURCE = {
  source: { reference: 'Device/hospital-software' },
  extension: [
    {
      url: `${EXTENSIONS}/ihe-designationType`,
      valueCodeableConcept: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] },
    },
    { url: `${EXTENSIONS}/ihe-sourceId`, valueIdentifier: { value: 'urn:oid:1.2.250.1.999.1' } },
  ],
};

export function listOf(
  code: 'submissionset' | 'folder',
  of: string,
  items: readonly string[],
  more: Json = {},
): Resource {
  return {
    resourceType: 'List',
    identifier: [{ use: 'usual', system: RFC, value: oid() }],
    ...(code === 'folder' ? {} : SOURCE),
    status: 'current',
    mode: 'working',
    code: { coding: [{ system: `${MHD}/CodeSystem/MHDlistTypes`, code }] },
    subject: { reference: of },
    date: '2026-05-02T10:00:00+02:00',
    title: code,
    entry: items.map((reference) => ({ item: { reference } })),
    ...more,
  };
}

/** ITI-65 with one document. */
export function provided({
  of,
  text,
  more = {},
  attachment = {},
  set = {},
  also = [],
  folder = false,
}: Sent): Resource {
  const bytes = Buffer.from(text);
  const [doc, bin, fold] = [uuid(), uuid(), uuid()];
  const reference = document(of, more);
  const [content] = reference.content as [{ attachment: Json }];
  Object.assign(content.attachment, { url: bin, size: bytes.length, hash: sha1(bytes) }, attachment);
  const binary: Resource = {
    resourceType: 'Binary',
    contentType: 'text/plain',
    data: bytes.toString('base64'),
  };
  const folders = folder ? [post(listOf('folder', of, [doc]), fold)] : [];
  const listed = folder ? [doc, fold] : [doc];
  return {
    resourceType: 'Bundle',
    meta: { profile: [`${MHD}/StructureDefinition/IHE.MHD.UnContained.Comprehensive.ProvideBundle`] },
    type: 'transaction',
    entry: [
      post(listOf('submissionset', of, listed, set)),
      post(reference, doc),
      post(binary, bin),
      ...folders,
      ...also,
    ],
  };
}

/** `Type/id` of what an entry made. */
export function place(bundle: { entry: { response: { location: string } }[] }, index: number): string {
  const { location } = bundle.entry[index]!.response;
  return /([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]+)\/_history/.exec(location)![1]!;
}
