/** Documents of the family, each with a PDF of its own: https://hl7.org/fhir/R4/documentreference.html */
import { createHash } from 'node:crypto';
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import { at, inFrench } from './calendar.ts';
import type { Deposited } from './callers.ts';
import { concept, ref } from './codes.ts';
import { DOCUMENTS } from './document-table.ts';
import type { Row } from './document-table.ts';
import { fullName, patientRef } from './family.ts';
import { pdf } from './pdf.ts';

/** Document types in use: label, system, class. ASS_X16-CorrespondanceType-Classe-DMP. */
export const TYPES = {
  '11488-4': ['CR ou fiche de consultation ou de visite', 'loinc', '10'],
  '11490-0': ["Lettre de liaison à la sortie d'un établissement de soins", 'loinc', '10'],
  '11502-2': ["CR d'examens biologiques", 'loinc', '10'],
  '15507-7': ['CR de passage aux urgences', 'loinc', '10'],
  '15508-5': ["CR d'accouchement", 'loinc', '10'],
  '18748-4': ["CR d'imagerie médicale", 'loinc', '31'],
  '18776-5': ['Plan personnalisé de soins', 'loinc', '44'],
  '34112-3': ['CR hospitalier (séjour)', 'loinc', '10'],
  '34874-8': ['CR opératoire', 'loinc', '10'],
  '55115-0': ["Demande d'actes d'imagerie", 'loinc', '42'],
  '57075-4': ['Synthèse salle de naissance enfant', 'loinc', '11'],
  '57833-6': ['Prescription de produits de santé', 'loinc', '42'],
  '59283-2': ["CR d'examen de l'enfant", 'loinc', '10'],
  '60568-3': ["CR d'anatomo-cyto-pathologie", 'loinc', '10'],
  '60591-5': ['Synthèse médicale (VSM)', 'loinc', '11'],
  '83836-7': ['Schéma dentaire', 'loinc', '11'],
  '87273-9': ['Note de vaccination', 'loinc', '52'],
  '89601-9': ['Certificat médical', 'loinc', '52'],
  EXPPAT_2: ['Autre document du patient', 'typeCisis', '90'],
  EXPPAT_3: ['Directives anticipées', 'typeCisis', '90'],
  PROT_ALD: ['Protocole ALD', 'typeCisis', '44'],
} as const;

const CLASSES = {
  '10': 'Compte rendu',
  '11': 'Synthèse',
  '31': 'Imagerie médicale',
  '42': 'Prescription',
  '44': 'Plan de soins, protocole de soins',
  '52': 'Certificat, déclaration',
  '90': 'Autres documents déposés par le patient',
} as const;

const MASKS = {
  MASQUE_PS: 'Masqué aux professionnels de santé',
  INVISIBLE_PATIENT: 'Non visible par le patient',
  INVISIBLE_REPRESENTANTS_LEGAUX: 'Non visible par représentants légaux du patient',
} as const;

export type DocumentType = keyof typeof TYPES;
export type Mask = keyof typeof MASKS;

/** Who signs what a caller deposits, and which organization keeps it. */
function signature({ by, of }: Row): { author: Reference; custodian: Reference } {
  switch (by) {
    case 'hospital':
      return {
        author: ref('Organization/demo-hospital', 'Centre hospitalier des Tilleuls'),
        custodian: ref('Organization/demo-hospital'),
      };
    case 'lab':
      return {
        author: ref('Organization/demo-lab', 'Laboratoire du Canal'),
        custodian: ref('Organization/demo-lab'),
      };
    case 'gp':
      return {
        author: ref('Practitioner/demo-gp', 'Dr Sophie Lambert'),
        custodian: ref('Organization/demo-practice'),
      };
    case 'dentist':
      return {
        author: ref('Practitioner/demo-dentist', 'Dr Marc Vidal'),
        custodian: ref('Organization/demo-dental'),
      };
    default:
      return { author: patientRef(of), custodian: ref('Organization/demo-registry') };
  }
}

/** A version 4 UUID that is always the same for the same document. */
function uuid(id: string): string {
  const hex = createHash('sha1').update(id).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function attachment(row: Row, file: Buffer, created: string): Json {
  return {
    contentType: 'application/pdf',
    language: 'fr-FR',
    ...(row.inline === true ? { data: file.toString('base64') } : { url: `Binary/${row.by}-pdf-${row.id}` }),
    size: file.length,
    hash: createHash('sha1').update(file).digest('base64'),
    title: row.title,
    creation: created,
  };
}

function render(now: Date, row: Row): Buffer {
  const { author } = signature(row);
  const date = inFrench(at(now, row.ago));
  return pdf(row.title, [
    `${fullName(row.of)}, le ${date}`,
    `${author.display}`,
    '',
    ...row.text,
    '',
    'Document de démonstration.',
  ]);
}

function document(now: Date, row: Row): Resource[] {
  const { by, of, id, type, mask } = row;
  const [label, system, category] = TYPES[type];
  const created = at(now, row.ago, '10:30');
  const file = render(now, row);
  const { author, custodian } = signature(row);
  const reference: Resource = {
    resourceType: 'DocumentReference',
    id: `${by}-doc-${id}`,
    masterIdentifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${uuid(`${by}-doc-${id}`)}` },
    status: 'current',
    docStatus: 'final',
    type: concept(system, type, label),
    category: [concept('class', category, CLASSES[category])],
    subject: patientRef(of),
    date: created,
    author: [author],
    custodian,
    securityLabel: [
      concept('confidentiality', 'N', 'normal'),
      ...(mask === undefined ? [] : [concept('visibility', mask, MASKS[mask])]),
    ],
    content: [
      {
        attachment: attachment(row, file, created),
        format: {
          system: 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode',
          code: 'urn:ihe:iti:xds:2017:mimeTypeSufficient',
        },
      },
    ],
    context: { period: { start: at(now, row.ago, '09:00'), end: created } },
  };
  if (row.inline === true) return [reference];
  const binary: Resource = {
    resourceType: 'Binary',
    id: `${by}-pdf-${id}`,
    contentType: 'application/pdf',
    // content is its patient's; that of a masked document follows the document, whose label decides
    securityContext: mask === undefined ? patientRef(of) : ref(`DocumentReference/${reference.id}`),
    data: file.toString('base64'),
  };
  return [reference, binary];
}

export function documents(now: Date): Deposited[] {
  return DOCUMENTS.flatMap((row) => document(now, row).map((resource) => ({ caller: row.by, resource })));
}
