/** What a scope gives, as somebody reads it who has never heard of FHIR. */
import type { Client } from '../../auth/clients.ts';
import type { Language } from '../../consent/reasons.ts';

/** French and English of the types that are served unless said otherwise; others are named as they are. */
const TYPES: Record<string, readonly [fr: string, en: string]> = {
  '*': ['toutes les données que vous pouvez consulter', 'all data that you may see'],
  AllergyIntolerance: ['les allergies', 'allergies'],
  Appointment: ['les rendez-vous', 'appointments'],
  AuditEvent: ['l’historique des accès', 'the history of accesses'],
  Binary: ['les fichiers des documents', 'files of documents'],
  Bundle: ['les documents structurés', 'structured documents'],
  CarePlan: ['les plans de soins', 'care plans'],
  CareTeam: ['les équipes de soins', 'care teams'],
  Communication: ['les messages', 'messages'],
  Composition: ['les synthèses et comptes rendus structurés', 'structured summaries and reports'],
  Condition: ['les maladies et problèmes de santé', 'diseases and health problems'],
  Consent: ['les autorisations données', 'permissions given'],
  Device: ['les dispositifs', 'devices'],
  DiagnosticReport: ['les comptes rendus d’examens', 'reports of examinations'],
  DocumentReference: ['les documents', 'documents'],
  Encounter: ['les passages et séjours', 'visits and stays'],
  EpisodeOfCare: ['les prises en charge', 'episodes of care'],
  FamilyMemberHistory: ['les antécédents familiaux', 'family history'],
  Flag: ['les alertes', 'alerts'],
  Goal: ['les objectifs de santé', 'health goals'],
  Group: ['les groupes', 'groups'],
  HealthcareService: ['l’annuaire : les services de soins', 'the directory: care services'],
  ImagingStudy: ['les examens d’imagerie', 'imaging examinations'],
  Immunization: ['les vaccinations', 'vaccinations'],
  List: ['les dossiers et listes', 'folders and lists'],
  Location: ['l’annuaire : les lieux', 'the directory: places'],
  Media: ['les photos et enregistrements', 'photos and recordings'],
  Medication: ['les médicaments', 'medicines'],
  MedicationAdministration: ['les médicaments administrés', 'medicines that were administered'],
  MedicationRequest: ['les ordonnances', 'prescriptions'],
  MedicationStatement: ['les traitements', 'treatments'],
  Observation: ['les mesures et résultats d’analyses', 'measures and results of tests'],
  Organization: ['l’annuaire : les établissements', 'the directory: organizations'],
  Patient: ['l’identité (nom, date de naissance, coordonnées)', 'identity (name, date of birth, contact)'],
  Person: ['les personnes', 'persons'],
  Practitioner: ['l’annuaire : les professionnels', 'the directory: professionals'],
  PractitionerRole: ['l’annuaire : les lieux d’exercice', 'the directory: where professionals practise'],
  Procedure: ['les actes et opérations', 'procedures'],
  Provenance: ['l’origine des données', 'where data come from'],
  Questionnaire: ['les questionnaires à remplir', 'questionnaires to fill in'],
  QuestionnaireResponse: ['les réponses aux questionnaires', 'answers to questionnaires'],
  RelatedPerson: ['les proches et représentants', 'relatives and representatives'],
  Schedule: ['les agendas', 'schedules'],
  Slot: ['les créneaux de rendez-vous', 'free times for appointments'],
  Specimen: ['les prélèvements', 'samples'],
  Subscription: ['les abonnements aux nouveautés', 'subscriptions to what is new'],
  Task: ['les demandes en cours', 'requests under way'],
};

/** Of what is added `*` is something else: nobody adds what they may see. */
const ALL_ADDED = [
  'toutes les données que vous pouvez ajouter vous-même',
  'all data that you may add yourself',
];

/** Of the categories by which scopes are narrowed; others are named by their code. */
const CATEGORIES: Record<string, readonly [fr: string, en: string]> = {
  activity: ['activité physique', 'activity'],
  exam: ['examens', 'examinations'],
  'health-concern': ['préoccupations de santé', 'health concerns'],
  imaging: ['imagerie', 'imaging'],
  laboratory: ['laboratoire', 'laboratory'],
  'problem-list-item': ['problèmes suivis', 'problem list'],
  procedure: ['actes', 'procedures'],
  'social-history': ['mode de vie', 'social history'],
  survey: ['questionnaires', 'questionnaires'],
  therapy: ['thérapies', 'therapies'],
  'vital-signs': ['signes vitaux', 'vital signs'],
};

export interface Reading {
  reads: string[];
  adds: string[];
}

/** Letters of a scope: `read`, `write` and `*` are those of version 1. */
const GIVES: Record<keyof Reading, RegExp> = {
  reads: /^(?:read|\*|(?!write$)[a-z]*[rs][a-z]*)$/,
  adds: /^(?:write|\*|(?!read$)[a-z]*[cud][a-z]*)$/,
};

/** @param scopes resource scopes */
export function whatItGives(scopes: readonly string[], language: Language): Reading {
  const reading: Reading = { reads: [], adds: [] };
  for (const scope of scopes) {
    const [, type = '', letters = '', args] = /^[a-z]+\/([^.]+)\.([a-z*]+)(?:\?(.*))?$/.exec(scope) ?? [];
    const only = args === undefined ? '' : ` (${argumentNames(args, language)})`;
    for (const what of ['reads', 'adds'] as const)
      if (GIVES[what].test(letters)) reading[what].push(`${nameOf(type, what, language)}${only}`);
  }
  return { reads: [...new Set(reading.reads)], adds: [...new Set(reading.adds)] };
}

/** Types that an app reads, or adds: by scopes of either version. */
export function typesIn(scopes: readonly string[], what: keyof Reading): string[] | 'all' {
  const types = scopes.flatMap((scope) => {
    const [, type = '', letters = ''] = /^patient\/([^.]+)\.([a-z*]+)/.exec(scope) ?? [];
    return GIVES[what].test(letters) ? [type] : [];
  });
  return types.includes('*') ? 'all' : [...new Set(types)];
}

/** The same of types that a Consent names. */
export function typeNames(types: readonly string[], what: keyof Reading, language: Language): string[] {
  return types.map((type) => nameOf(type, what, language));
}

function nameOf(type: string, what: keyof Reading, language: Language): string {
  const isAllAdded = type === '*' && what === 'adds';
  const known = isAllAdded ? ALL_ADDED : Object.hasOwn(TYPES, type) ? TYPES[type]! : [type, type];
  return known[language === 'fr' ? 0 : 1]!;
}

/** Values without their systems, where a word isn't known; several arguments narrow each other. */
function argumentNames(args: string, language: Language): string {
  const values = args.split('&').map((pair) => decodeURIComponent(pair.slice(pair.indexOf('=') + 1)));
  const named = values.map((each) =>
    each
      .split(',')
      .map((value) => {
        const code = value.slice(value.indexOf('|') + 1);
        return Object.hasOwn(CATEGORIES, code) ? CATEGORIES[code]![language === 'fr' ? 0 : 1]! : code;
      })
      .join(', '),
  );
  return named.join(language === 'fr' ? ' ; ' : '; ');
}

/** What the Consent of a connection keeps of the screen. @param represented whom the reader speaks for */
export function connectionText(
  { name: app, about }: Pick<Client, 'name' | 'about'>,
  scopes: readonly string[],
  until: number,
  represented?: string,
): string {
  const { reads, adds } = whatItGives(scopes, 'fr');
  const day = new Intl.DateTimeFormat('fr-FR', { dateStyle: 'long', timeZone: 'Europe/Paris' }).format(until);
  const parts = [
    `J’autorise l’application « ${app} », jusqu’au ${day}, à accéder à ${represented === undefined ? 'mon espace de santé' : `l’espace de santé de ${represented}, que je représente`}.`,
    ...(about === undefined
      ? []
      : [`Elle est publiée par ${about.publisher}.`, `À quoi elle sert : ${about.purpose.fr}.`]),
    ...(reads.length === 0 ? [] : [`Elle pourra consulter : ${reads.join(', ')}.`]),
    ...(adds.length === 0 ? [] : [`Elle pourra ajouter ou modifier : ${adds.join(', ')}.`]),
    'Je peux revenir sur cette autorisation à tout moment.',
  ];
  return parts.join('\n');
}
