/** What a scope gives, as somebody reads it who has never heard of FHIR. */
import type { Language } from '../../consent/reasons.ts';

/** French and English of the types that people know; others are named as they are. */
const TYPES: Record<string, readonly [fr: string, en: string]> = {
  '*': ['toutes les données que vous pouvez consulter', 'all data that you may see'],
  AllergyIntolerance: ['les allergies', 'allergies'],
  Appointment: ['les rendez-vous', 'appointments'],
  Binary: ['les fichiers des documents', 'files of documents'],
  CarePlan: ['les plans de soins', 'care plans'],
  Condition: ['les maladies et problèmes de santé', 'diseases and health problems'],
  Consent: ['les autorisations données', 'permissions given'],
  Device: ['les dispositifs', 'devices'],
  DiagnosticReport: ['les comptes rendus d’examens', 'reports of examinations'],
  DocumentReference: ['les documents', 'documents'],
  Encounter: ['les passages et séjours', 'visits and stays'],
  Immunization: ['les vaccinations', 'vaccinations'],
  MedicationRequest: ['les ordonnances', 'prescriptions'],
  MedicationStatement: ['les traitements', 'treatments'],
  Observation: ['les mesures et résultats d’analyses', 'measures and results of tests'],
  Patient: ['l’identité (nom, date de naissance, coordonnées)', 'identity (name, date of birth, contact)'],
  Procedure: ['les actes et opérations', 'procedures'],
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
    const known = Object.hasOwn(TYPES, type) ? TYPES[type]! : [type, type];
    const name = `${known[language === 'fr' ? 0 : 1]}${args === undefined ? '' : ` (${decodeURIComponent(args)})`}`;
    if (GIVES.reads.test(letters)) reading.reads.push(name);
    if (GIVES.adds.test(letters)) reading.adds.push(name);
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
export function typeNames(types: readonly string[], language: Language): string[] {
  return types.map((type) => {
    const known = Object.hasOwn(TYPES, type) ? TYPES[type]! : [type, type];
    return known[language === 'fr' ? 0 : 1]!;
  });
}

/** What the Consent of a connection keeps of the screen. @param represented whom the reader speaks for */
export function connectionText(
  app: string,
  scopes: readonly string[],
  until: number,
  represented?: string,
): string {
  const { reads, adds } = whatItGives(scopes, 'fr');
  const day = new Intl.DateTimeFormat('fr-FR', { dateStyle: 'long', timeZone: 'Europe/Paris' }).format(until);
  const parts = [
    `J’autorise l’application « ${app} », jusqu’au ${day}, à accéder à ${represented === undefined ? 'mon espace de santé' : `l’espace de santé de ${represented}, que je représente`}.`,
    ...(reads.length === 0 ? [] : [`Elle pourra consulter : ${reads.join(', ')}.`]),
    ...(adds.length === 0 ? [] : [`Elle pourra ajouter ou modifier : ${adds.join(', ')}.`]),
    'Je peux revenir sur cette autorisation à tout moment.',
  ];
  return parts.join('\n');
}
