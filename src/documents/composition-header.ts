/** What the Composition of a FHIR document says of it, as a DocumentReference says it. Pure. https://hl7.org/fhir/R4/documents.html */
import { compositionOf, entriesNamed } from '../fhir/document.ts';
import { items } from '../fhir/items.ts';
import { FhirError } from '../fhir/outcome.ts';
import { present, some } from '../fhir/present.ts';
import type { Identifier, Json, Reference, Resource } from '../fhir/resource.ts';
import type { Described } from './cda-header.ts';
import { SUFFICIENT } from './codes.ts';

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
/** What is copied of whom the document names. */
const KEPT = ['identifier', 'name', 'gender', 'birthDate', 'deviceName'] as const;
const MAKERS = new Set(['Practitioner', 'Organization', 'Device', 'Patient', 'RelatedPerson']);

/** @throws FhirError business-rule */
export function readDocumentBundle(bundle: Resource): Described {
  const composition = compositionOf(bundle);
  if (composition === undefined) {
    throw new FhirError(
      'business-rule',
      'a FHIR document is a Bundle of the type `document` that begins with a Composition',
    );
  }
  const find = (reference: Reference): Resource | undefined =>
    entriesNamed(bundle, reference)[0]?.resource as Resource | undefined;
  const masterIdentifier = (bundle.identifier ?? composition.identifier) as Identifier | undefined;
  if (typeof masterIdentifier?.value !== 'string') {
    throw new FhirError('business-rule', 'a FHIR document has an identifier', {
      expression: 'Bundle.identifier',
    });
  }
  const patient = find((composition.subject ?? {}) as Reference);
  if (patient?.resourceType !== 'Patient') {
    throw new FhirError('business-rule', 'the Composition names a Patient of its document as subject', {
      expression: 'Bundle.entry[0].resource.subject',
    });
  }
  const contained: Resource[] = [copied(patient, 'patient')];
  const keep = (reference: Reference | undefined): Json[] => {
    const found = reference === undefined ? undefined : find(reference);
    if (found === undefined || !MAKERS.has(found.resourceType)) {
      return reference?.display === undefined ? [] : [{ display: reference.display }];
    }
    const id = `by-${contained.length}`;
    contained.push(copied(found, id));
    return [{ reference: `#${id}` }];
  };
  const authors = items(composition.author).flatMap((each) => keep(each as Reference));
  const [custodian] = keep(composition.custodian as Reference | undefined);
  const legal = items(composition.attester).find(({ mode }) => mode === 'legal');
  const [authenticator] = keep(legal?.party as Reference | undefined);
  const period = items(composition.event).find((event) => event.period !== undefined)?.period;
  const { date, title, type, category, confidentiality, language } = composition;
  return {
    patient: (items(patient.identifier) as Identifier[]).map(
      ({ system, value }) => `${system ?? ''}|${value ?? ''}`,
    ),
    document: present({
      resourceType: 'DocumentReference',
      contained,
      masterIdentifier,
      status: 'current',
      type,
      category,
      date: typeof date === 'string' ? instantOf(date) : undefined,
      author: authors.length === 0 ? undefined : authors,
      authenticator,
      custodian,
      relatesTo: some(items(composition.relatesTo).flatMap(replacement)),
      description: title,
      securityLabel:
        confidentiality === undefined
          ? undefined
          : [{ coding: [{ system: CONFIDENTIALITY, code: confidentiality }] }],
      content: [
        {
          attachment: present({
            contentType: 'application/fhir+json',
            language: bundle.language ?? language,
            title,
            creation: date,
          }),
          format: SUFFICIENT,
        },
      ],
      context: present({ period, sourcePatientInfo: { reference: '#patient' } }),
    }) as Resource,
  };
}

function replacement({ code, targetIdentifier, targetReference }: Json): Json[] {
  const identifier = targetIdentifier ?? (targetReference as Reference | undefined)?.identifier;
  return code === 'replaces' && identifier !== undefined
    ? [{ code: 'replaces', target: { type: 'DocumentReference', identifier } }]
    : [];
}

function copied(resource: Resource, id: string): Resource {
  const kept = KEPT.flatMap((name) =>
    resource[name] === undefined ? [] : [[name, resource[name]] as const],
  );
  return { resourceType: resource.resourceType, id, ...Object.fromEntries(kept) };
}

const instantOf = (date: string): string | undefined =>
  date.length < 10 ? undefined : date.length === 10 ? `${date}T00:00:00Z` : date;
