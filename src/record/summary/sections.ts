/**
 * The sections of an International Patient Summary: what of a record belongs to each.
 * https://hl7.org/fhir/uv/ips/StructureDefinition-Composition-uv-ips.html
 */
import type { Words } from '../../consent/reasons.ts';
import type { Json, Resource } from '../../fhir/resource.ts';
import { codesOf, each } from './elements.ts';

export interface Source {
  type: string;
  /** Search parameters beside the patient. */
  query: readonly (readonly [string, string])[];
  keep?: (resource: Resource) => boolean;
  /** Resources that are read at most. */
  most: number;
}

export interface Section {
  /** LOINC */
  code: string;
  display: string;
  title: Words;
  sources: readonly Source[];
  /** It is there even when nothing is known. */
  required?: true;
  /** The latest of each kind alone. */
  latest?: true;
}

const LATEST = [['_sort', '-date']] as const;
const MOST = 100;

const statusIn = (...allowed: string[]) => {
  const among = new Set(allowed);
  return ({ status }: Resource): boolean => among.has(String(status));
};
const hasCode = (concept: unknown, ...codes: string[]): boolean =>
  codesOf(concept).some(({ code }) => codes.includes(code));

/** Neither taken back nor found not to be so. */
const holds = ({ verificationStatus }: Resource): boolean =>
  !hasCode(verificationStatus, 'refuted', 'entered-in-error');
const OVER = ['inactive', 'remission', 'resolved'];
const isOver = ({ clinicalStatus }: Resource): boolean => hasCode(clinicalStatus, ...OVER);
const told = statusIn('preliminary', 'final', 'amended', 'corrected');

const source = (
  type: string,
  keep?: Source['keep'],
  query: Source['query'] = LATEST,
  most = MOST,
): Source => ({
  type,
  query,
  most,
  ...(keep === undefined ? {} : { keep }),
});
const observations = (most: number, ...query: [string, string][]): Source =>
  source('Observation', told, [...query, ...LATEST], most);
/** Documents are entries too, of whatever class the country has for it. */
const documents = (...codes: string[]): Source =>
  source('DocumentReference', statusIn('current'), [['type', codes.join(',')], ...LATEST], 20);

/** Status, expected date of delivery, and outcomes. */
const PREGNANCY =
  '82810-3,11778-8,11779-6,11780-4,11636-8,11637-6,11638-4,11639-2,11640-0,11612-9,11613-7,11614-5,33065-4,57062-2';
const SOCIAL = 'social-history';
const isDirective = ({ scope, category }: Resource): boolean =>
  hasCode(scope, 'adr') || each(category).some((concept) => hasCode(concept, 'acd', '42348-3'));

export const SECTIONS: readonly Section[] = [
  {
    code: '48765-2',
    display: 'Allergies and adverse reactions Document',
    title: { fr: 'Allergies et intolérances', en: 'Allergies and intolerances' },
    required: true,
    sources: [
      source(
        'AllergyIntolerance',
        (each) => holds(each) && !hasCode(each.clinicalStatus, 'resolved'),
        LATEST,
        200,
      ),
    ],
  },
  {
    code: '11450-4',
    display: 'Problem list - Reported',
    title: { fr: 'Problèmes de santé', en: 'Problems' },
    required: true,
    sources: [
      source('Condition', (each) => holds(each) && !isOver(each), [['_sort', '-recorded-date']], 200),
    ],
  },
  {
    code: '10160-0',
    display: 'History of Medication use Narrative',
    title: { fr: 'Traitements', en: 'Medication summary' },
    required: true,
    sources: [
      source(
        'MedicationStatement',
        statusIn('active', 'intended', 'on-hold'),
        [['_sort', '-effective']],
        200,
      ),
      source('MedicationRequest', statusIn('active', 'on-hold'), [['_sort', '-authoredon']], 200),
    ],
  },
  {
    code: '104605-1',
    display: 'Alert',
    title: { fr: 'Alertes', en: 'Alerts' },
    sources: [source('Flag', statusIn('active'))],
  },
  {
    code: '11369-6',
    display: 'History of Immunization Narrative',
    title: { fr: 'Vaccinations', en: 'Immunizations' },
    sources: [source('Immunization', statusIn('completed'), LATEST, 200), documents('11369-6')],
  },
  {
    code: '30954-2',
    display: 'Relevant diagnostic tests/laboratory data Narrative',
    title: { fr: 'Résultats', en: 'Results' },
    sources: [
      source('DiagnosticReport', told, LATEST, 20),
      observations(60, ['category', 'laboratory,imaging']),
    ],
  },
  {
    code: '47519-4',
    display: 'History of Procedures Document',
    title: { fr: 'Actes et interventions', en: 'History of procedures' },
    sources: [source('Procedure', statusIn('completed', 'in-progress', 'on-hold', 'stopped'))],
  },
  {
    code: '46264-8',
    display: 'History of medical device use',
    title: { fr: 'Dispositifs médicaux', en: 'Medical devices' },
    sources: [source('DeviceUseStatement', statusIn('active', 'intended', 'completed', 'on-hold'), [])],
  },
  {
    code: '11348-0',
    display: 'History of Past illness Narrative',
    title: { fr: 'Antécédents', en: 'Past illnesses' },
    sources: [source('Condition', (each) => holds(each) && isOver(each), [['_sort', '-recorded-date']], 200)],
  },
  {
    code: '8716-3',
    display: 'Vital signs',
    title: { fr: 'Mesures et signes vitaux', en: 'Vital signs' },
    latest: true,
    sources: [observations(200, ['category', 'vital-signs'])],
  },
  {
    code: '10162-6',
    display: 'History of pregnancies Narrative',
    title: { fr: 'Grossesses', en: 'Pregnancies' },
    sources: [observations(30, ['code', loinc(PREGNANCY)])],
  },
  {
    code: '29762-2',
    display: 'Social history Narrative',
    title: { fr: 'Mode de vie', en: 'Social history' },
    latest: true,
    sources: [observations(60, ['category', SOCIAL])],
  },
  {
    code: '47420-5',
    display: 'Functional status assessment note',
    title: { fr: 'Autonomie et état fonctionnel', en: 'Functional status' },
    sources: [
      source('ClinicalImpression', statusIn('completed', 'in-progress'), LATEST, 20),
      documents('47420-5', 'BIL_AUTO'),
    ],
  },
  {
    code: '18776-5',
    display: 'Plan of care note',
    title: { fr: 'Plan de soins', en: 'Plan of care' },
    sources: [
      source('CarePlan', statusIn('active', 'on-hold'), LATEST, 30),
      documents('18776-5', 'PROT_ALD'),
    ],
  },
  {
    code: '42348-3',
    display: 'Advance directives',
    title: { fr: 'Directives anticipées', en: 'Advance directives' },
    sources: [
      source('Consent', (each) => statusIn('active')(each) && isDirective(each), LATEST, 100),
      documents('42348-3', 'EXPPAT_3'),
    ],
  },
];

function loinc(codes: string): string {
  return codes
    .split(',')
    .map((code) => `http://loinc.org|${code}`)
    .join(',');
}

/** A statement that is taken is told, and not the prescription that it is based on too. */
export function withoutDoubles(resources: readonly Resource[]): Resource[] {
  const based = new Set(
    resources
      .filter(({ resourceType }) => resourceType === 'MedicationStatement')
      .flatMap(({ basedOn }) => each(basedOn).map(({ reference }) => reference)),
  );
  return resources.filter(({ resourceType, id }) => !based.has(`${resourceType}/${id}`));
}

/** The first of each code, of what comes latest first. */
export function firstOfEach(resources: readonly Resource[]): Resource[] {
  const seen = new Set<string>();
  return resources.filter((resource) => {
    const kind = kindOf(resource.code as Json | undefined);
    if (seen.has(kind)) return false;
    seen.add(kind);
    return true;
  });
}

function kindOf(concept: Json | undefined): string {
  const codes = codesOf(concept).map(({ system, code }) => `${system}|${code}`);
  return codes[0] ?? String(concept?.text);
}
